"""`dnswatch web`: who may use the console."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dnswatch import clock
from dnswatch.cli import app
from dnswatch.web import totp
from dnswatch.web.register import Rank, Register
from tests.cli.conftest import Read, Run


def test_accounts_come_and_go(run: Run, read: Read, state: Path) -> None:
    """The password is read from stdin where that is no terminal; the list shows no secret."""
    add = ["web", "user", "add", "alice", "--role", "admin"]
    done = CliRunner().invoke(
        app, add, input="a long password\n", env={"DNSWATCH_STATE": str(state)}
    )
    assert done.exit_code == 0, done.output
    with Register(state) as register:
        assert register.knows("alice", "a long password") is Rank.ADMIN
    [alice] = read("web", "user", "list")
    assert (alice["name"], alice["role"]) == ("alice", "admin")
    assert "alice may log in no more" in run("web", "user", "remove", "alice")
    run("web", "user", "list", exit_code=1)
    assert "no account 'alice'" in run("web", "user", "remove", "alice", exit_code=1)


def test_codes_are_asked_for_once_one_was_shown(state: Path) -> None:
    """The app's first code proves that it has the secret; a wrong one changes nothing."""
    with Register(state) as register:
        register.add_user("alice", Rank.VIEW, "a long password", clock.now())
        # The secret is shown before the code is asked for: the answer is made from it.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("secrets.token_bytes", lambda size: b"k" * size)
            shown = totp.code(b"k" * totp.SECRET, int(clock.now() // totp.STEP))
            for code, exit_code in (("000", 1), (shown, 0)):
                done = CliRunner().invoke(
                    app,
                    ["web", "user", "codes", "alice"],
                    input=f"{code}\n",
                    env={"DNSWATCH_STATE": str(state)},
                )
                assert (done.exit_code, register.users()[0].has_codes) == (
                    exit_code,
                    not exit_code,
                ), done.output
        assert register.admits("alice", "a long password", "", clock.now()) is None
        done = CliRunner().invoke(
            app, ["web", "user", "codes", "alice", "--off"], env={"DNSWATCH_STATE": str(state)}
        )
        assert register.admits("alice", "a long password", "", clock.now()) is Rank.VIEW


def test_a_link_and_a_token_open(run: Run, state: Path) -> None:
    """The link once; the token until it is taken away."""
    link = run("web", "link", "--role", "view").strip()
    found = re.fullmatch(r"http://127\.0\.0\.1:8053/link/(\S+)", link)
    assert found
    token = run("web", "token", "add", "monitor").strip()
    with Register(state) as register:
        used = register.use_link(found[1], clock.now())
        assert used
        assert used[1] is Rank.VIEW
        visitor = register.bearer(token)
        assert visitor
        assert (visitor.name, visitor.rank) == ("monitor", Rank.VIEW)
        assert json.loads(run("web", "token", "list", "--json"))[0]["name"] == "monitor"
        run("web", "token", "remove", "monitor")
        assert register.bearer(token) is None


@pytest.mark.parametrize("role", ["root", ""])
def test_a_role_is_one_of_three(run: Run, role: str) -> None:
    """Another one is wrong usage, in words."""
    assert "expected one of view, mail, admin" in run("web", "link", "--role", role, exit_code=2)
