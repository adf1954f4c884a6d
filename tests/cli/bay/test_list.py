"""`dnswatch bay list` and `dnswatch bay stats`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dnswatch.bay.spool import Spool
from dnswatch.cli import app
from tests.cli.bay.conftest import EVIL
from tests.cli.conftest import Read, Run


def test_messages_are_listed_the_newest_first(run: Run, bay: Spool) -> None:
    """With client, sender, recipients, verdict and state, and a name that is long enough."""
    lines = run("bay", "list").splitlines()[2:]
    assert [line.split()[0] for line in lines if line.startswith("01")] == [
        ident[:12] for ident in reversed(bay.idents())
    ]
    assert "+1" in " ".join(lines)


def test_subject_is_listed_harmless(
    run: Run, read: Read, bay: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a message is about is seen on a wide screen, and no escape sequence in it works."""
    monkeypatch.setenv("COLUMNS", "160")
    *_, oldest = read("bay", "list")
    assert oldest["subject"].startswith("\x1b]0;hi")
    said = run("bay", "list")
    assert r"\x1b]0;hi" in said
    assert "hello" in said
    assert "\x1b" not in said


def test_nothing_that_a_stranger_wrote_commands_the_terminal(run: Run, bay: Spool) -> None:
    """Escape sequences and characters that turn lines around are shown as what they are."""
    said = run("bay", "list") + run("bay", "show", bay.idents()[0]) + run("bay", "stats")
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\x07" not in said
    assert r"\x1b" in said


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (["--client", "10.0.0.66"], [0]),
        (["--client", "10.0.0.0/26"], [2, 1]),
        (["--is", "held,deferred"], [1, 0]),
        (["--verdict", "clean"], [2]),
        (["--sender", "<>"], [2]),
        (["--sender", "@corp.example"], [1]),
        (["--domain", "there.example"], [1, 0]),
        (["--limit", "1"], [2]),
    ],
)
def test_messages_are_chosen(
    read: Read, bay: Spool, arguments: list[str], numbers: list[int]
) -> None:
    """By client, state, verdict, sender and domain."""
    idents = bay.idents()
    found = [one["id"] for one in read("bay", "list", *arguments)]
    assert found == [idents[number] for number in numbers]


def test_programs_get_all_of_it(read: Read, bay: Spool) -> None:
    """Whole names and addresses, as they are."""
    worm = read("bay", "list")[-1]
    assert (worm["sender"], worm["state"], worm["verdict"]) == (EVIL, "held", "worm")
    assert worm["recipients"][1] == {"address": "carol@there.example", "state": "held"}


def test_totals(run: Run, read: Read, bay: Spool) -> None:
    """Messages by state, verdict and client."""
    assert "3 messages" in run("bay", "stats")
    assert read("bay", "stats")["states"] == {"deferred": 1, "held": 1, "releasing": 1}
    assert read("bay", "stats", "--is", "held")["clients"] == {"10.0.0.66": 1}


def test_what_cannot_be(run: Run, bay: Spool) -> None:
    """A state or verdict that is none is refused with those that are."""
    assert "expected some of waiting" in " ".join(
        run("bay", "list", "--is", "x", exit_code=2).split()
    )
    assert "no message fits" in run("bay", "list", "--domain", "nowhere.example", exit_code=1)


def test_where_no_bay_has_run(run: Run, state: Path) -> None:
    """The sentence says so."""
    assert "no holding bay has run there" in run("bay", "list", exit_code=1)


@pytest.mark.parametrize(
    ("command", "empty"),
    [
        ("list", []),
        ("release", {"fate": "release", "messages": []}),
        ("discard", {"fate": "discard", "messages": []}),
        ("export", {"messages": [], "files": []}),
    ],
)
def test_programs_get_json_where_nothing_fits(
    run: Run, bay: Spool, command: str, empty: object
) -> None:
    """An empty list is one; the code says that nothing was found."""
    arguments = ["bay", command, "--domain", "nowhere.example", "--json"]
    result = CliRunner().invoke(app, arguments, prog_name="dnswatch")
    assert (json.loads(result.stdout), result.exit_code) == (empty, 1)
