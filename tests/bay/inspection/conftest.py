"""The daemons that inspect mail, started once for a process of tests."""

from collections.abc import Iterator

import pytest

from tests.bay.clamd import Clamd, clamd
from tests.bay.rspamd import rspamd


@pytest.fixture(scope="session")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    """Run a clamd."""
    with clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running


@pytest.fixture(scope="session")
def filtering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run an rspamd; its URL."""
    with rspamd(tmp_path_factory.mktemp("rspamd")) as url:
        yield url
