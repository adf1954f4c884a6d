"""The files of policies."""

from pathlib import Path

import pytest

from dnswatch.errors import SettingsError
from dnswatch.serve.policies import shipped, texts


def test_the_sites_own_come_after_the_shipped_ones(tmp_path: Path) -> None:
    """So that one of the same name replaces it; only .toml files count."""
    (tmp_path / "mine.toml").write_text("x = 1")
    (tmp_path / "notes.txt").write_text("no policy")
    found = texts(str(tmp_path))
    assert found[-1] == (str(tmp_path / "mine.toml"), "x = 1")
    assert found[:-1] == texts("")
    assert len(texts("")) == len(list(shipped().glob("*.toml"))) >= 6


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    """A directory that is not there is said, by its key."""
    with pytest.raises(SettingsError, match=r"policies\.directory: '.*nowhere' is no directory"):
        texts(str(tmp_path / "nowhere"))
