"""Steering: what is told where it cannot work, and that nobody is steered without a server."""

import os
from pathlib import Path

import pytest

from dnswatch.errors import SteerError
from dnswatch.model.changes import Changes
from dnswatch.serve.steering import MailSteering, nft
from dnswatch.settings import read
from dnswatch.store import Store
from dnswatch.store.directory import hold

MAY = 'quarantine = {i_have_authority = true, addresses = ["192.0.2.250"]}'
WORM = bytes((10, 0, 0, 6))


def test_a_site_that_may_not_divert_mail_steers_nobody(tmp_path: Path) -> None:
    """The sentence says what must be set, and only where law allows it."""
    with pytest.raises(SteerError, match="i_have_authority = true"):
        MailSteering(tmp_path, read("", "test"), 60)


def test_nobody_is_steered_while_no_server_runs(tmp_path: Path) -> None:
    """The store still names them; whoever would renew their marks is gone."""
    state = tmp_path / "state"
    changes = Changes()
    changes.quarantine[WORM] = (5.0, True)
    lock = hold(state)
    with Store.open(state) as store:
        store.write(changes, lambda _: "10.0.0.6", 6.0)
    steering = MailSteering(state, read(MAY, "test"), 60)
    assert steering.clients() == ([WORM], 0)
    os.close(lock)
    assert steering.clients() == ([], 0)


def test_a_machine_without_nft_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, and where."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SteerError, match="install nftables on the machine that routes"):
        nft(["list", "ruleset"])


def test_what_nft_refuses_is_told_with_a_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules are missing, or the right to change them."""
    program = tmp_path / "nft"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for reason, mend in (
        ("Error: No such file or directory", "load the rules first"),
        ("Operation not permitted", "run this as root"),
        ("Error: syntax", "nft refused: Error: syntax$"),
    ):
        program.write_text(f"#!/bin/sh\necho '{reason}' >&2\nexit 1\n")
        program.chmod(0o755)
        with pytest.raises(SteerError, match=mend):
            nft(["-j", "-f", "-"], "{}")
