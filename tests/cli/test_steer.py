"""`dnswatch steer`: what it says where it cannot work; tests/network has it at work."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

NFT = """#!/bin/sh
case "$*" in
  *"list set"*clients4) cat "$(dirname "$0")/listing" ;;
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
    assert json.loads(run("steer", "list", "--json")) == [{"client": "10.0.0.6", "left": 41}]


def test_all_are_let_go_at_once(run: Run, router: Path) -> None:
    """Both sets are emptied in one transaction."""
    assert "no client's port 25 is led" in run("steer", "clear")
    told = json.loads((router / "told").read_text())["nftables"]
    assert [list(one) for one in told] == [["flush"], ["flush"]]
