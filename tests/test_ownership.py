"""Files of the state directory are its owner's, whoever made them."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dnswatch import ownership
from dnswatch.bay.queue.index import Index
from dnswatch.bay.spool import Spool
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.store import Store
from dnswatch.store.directory import hold
from tests.live.tools import lacking

OWNER = 65534


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give a state directory of somebody else, to root."""
    if os.geteuid() != 0:
        lacking("root")
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    os.chown(directory, OWNER, OWNER)
    return directory


def test_what_root_makes_is_the_owners(state: Path) -> None:
    """The store with what SQLite makes beside it, the lock, the key of pseudonyms, the spool."""
    os.close(hold(state))
    with Store.open(state) as store, store.snapshot() as db:
        db.execute("SELECT 1 FROM client")
        Pseudonyms.load(state)
        spool = Spool(state / "bay")
        spool.claim()
        Index(spool).close()
        spool.close()
        made = [path for path in state.rglob("*") if path.is_file()]
        assert len(made) >= 6
        assert list(ownership.foreign(state)) == []


def test_check_gives_files_back(state: Path) -> None:
    """A store that root made 0600 is its owner's again; the command says how many files it gave."""
    Store.open(state).close()
    os.chown(state / "dnswatch.db", 0, 0)
    (state / "orders").write_text("")
    (state / "orders").chmod(0o400)
    assert len(list(ownership.foreign(state))) == 2
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "dnswatch",
            "check",
            "--state",
            state,
            "--upstream",
            "udp://9.9.9.9",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "gave 2 files" in done.stderr, done
    assert list(ownership.foreign(state)) == []
    found = (state / "dnswatch.db").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (OWNER, OWNER, 0o600)
    with sqlite3.connect(state / "dnswatch.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_no_link_has_root_give_away_anothers_file(state: Path, tmp_path: Path) -> None:
    """Whoever owns the directory may put links there; what they point to stays whose it was."""
    secret = tmp_path / "secret"
    secret.write_text("root's")
    (state / "soft").symlink_to(secret)
    (state / "hard").hardlink_to(secret)
    owner = state.stat()
    assert not ownership.mend(state / "hard", owner)
    with pytest.raises(OSError, match="symbolic"):
        ownership.mend(state / "soft", owner)
    assert list(ownership.foreign(state)) == [state / "hard"]
    assert secret.stat().st_uid == 0
