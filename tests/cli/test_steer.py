"""`dnswatch steer`: what it says where it cannot work; tests/network has it at work."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

NFT = r"""#!/bin/sh
case "$*" in
  *"list set"*steer\ clients4) cat "$(dirname "$0")/listing" ;;
  *"list set"*) echo '{"nftables": []}' ;;
  *) cat > "$(dirname "$0")/told" ;;
esac
"""
"""A router's nft, as far as is asked of it."""


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an nft that writes down what it is told."""
    program = tmp_path / "nft"
    program.write_text(NFT)
    program.chmod(0o755)
    (tmp_path / "listing").write_text('{"nftables": []}')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_a_site_that_may_not_divert_mail_is_told_so(run: Run) -> None:
    """Before anything is told to the router."""
    assert "i_have_authority" in run("steer", "nft", "--once", exit_code=1)


def test_who_is_led_away_is_listed(run: Run, router: Path) -> None:
    """With the seconds after which nftables lets go by itself."""
    assert "no client's port 25 is led" in run("steer", "list", exit_code=1)
    element = {"elem": {"val": "10.0.0.6", "timeout": 60, "expires": 41}}
    (router / "listing").write_text(json.dumps({"nftables": [{"set": {"elem": [element]}}]}))
    assert "10.0.0.6" in run("steer", "list")
    assert json.loads(run("steer", "list", "--json")) == [
        {"client": "10.0.0.6", "what": "mail", "left": 41}
    ]


def test_all_are_let_go_at_once(run: Run, router: Path) -> None:
    """The sets of each table are emptied in one transaction."""
    assert "no client's port 25 is led" in run("steer", "clear")
    told = json.loads((router / "told").read_text())["nftables"]
    assert [list(one) for one in told] == [["flush"], ["flush"]]


def test_lookups_are_led_by_files_where_there_is_no_router(run: Run, tmp_path: Path) -> None:
    """Nobody, while no server runs; but the files are there for the resolvers that read them, and
    whoever is to read one anew is told only when it changed."""
    table, names, told = tmp_path / "marked.cdb", tmp_path / "marked.acl", tmp_path / "told"
    command = ["steer", "dns", "--once", "--cdb", str(table), "--acl", f"bind:{names}"]
    command += ["--run", f"sh -c 'echo again >> {told}'"]
    run(*command)
    run(*command)
    assert table.stat().st_size == 2048
    assert names.read_text() == "acl dnswatch { none; };\n"
    assert told.read_text() == "again\n"
    names.write_text("acl dnswatch { 10.0.0.6; };\n")
    run("steer", "clear", "--acl", f"bind:{names}")
    assert names.read_text() == "acl dnswatch { none; };\n"


def test_a_way_must_be_named_that_there_is(run: Run, tmp_path: Path) -> None:
    """With what to write instead."""
    assert "say how: --nft" in run("steer", "dns", "--once", exit_code=1)
    odd = run("steer", "dns", "--once", "--acl", "y:/tmp/x", exit_code=1)
    assert "FORM one of bind, knot, coredns, plain" in odd
    gone = run("steer", "dns", "--once", "--cdb", str(tmp_path / "no" / "x"), exit_code=1)
    assert "cannot write" in gone


def test_what_would_be_done_is_told_and_not_done(run: Run, router: Path) -> None:
    """Whether a server runs, whom it would lead, and what is there to lead them by."""
    told = json.loads(run("steer", "test", "--json"))
    assert (told["running"], told["lookups"], told["rules_lookups"]) == (False, [], True)
    assert "i_have_authority" in told["mail"]
    assert not (router / "told").exists()
