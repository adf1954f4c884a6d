"""`dnswatch report`: a stranger's name does no harm, and what is wrong is said."""

import csv
import io
from pathlib import Path

import pytest

from dnswatch.store import Identity, Store
from tests.cli.conftest import Read, Run, name
from tests.records import asked, person, record


def test_since_leaves_out_what_was_before(read: Read, run: Run) -> None:
    """With `--since` only what came after counts; a client that was silent has no account."""
    late = read("report", "--since", "2026-11-23 12:05")["clients"]
    assert [(client["addresses"], client["lookups"]) for client in late] == [(["10.0.0.66"], 15)]
    text = run("report", "--client", "10.0.0.1", "--since", "2026-11-23 12:05", exit_code=1)
    assert "nothing was recorded of '10.0.0.1' since 2026-11-23 12:05 UTC" in text


def test_the_text_fits_into_eighty_columns_without_colour(state: Path, run: Run) -> None:
    """What is piped has no colour, and no line longer than 80 columns."""
    name(state, {"10.0.0.66": Identity("a-very-long-name.of.the.reception.example", None, "hosts")})
    record(state, person("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 300.0))
    for arguments in (["report"], ["report", "--client", "10.0.0.66"]):
        text = run(*arguments)
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) <= 80
        assert "a-very-long-name" in text


def test_a_hostile_name_does_no_harm(state: Path, run: Run) -> None:
    """Escape sequences, markup and formulas in names arrive as harmless text, wherever printed."""
    hostile = "=1+[red]\x1b]0;owned\x07\u202e"
    name(state, {"10.0.0.66": Identity(hostile, None, "leases")})
    record(state, [asked(900, "10.0.0.66", "a.example", gives=["192.0.2.1"])])
    for arguments in (["report"], ["report", "--client", "10.0.0.66"]):
        for style in ([], ["--json"], ["--csv"]):
            text = run(*arguments, *style)
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert r"\x1b" in run("report")
    assert "[red]" in run("report").replace("\n", "")
    [row, *_] = csv.DictReader(io.StringIO(run("report", "--csv")))
    assert row["name"].startswith("'=1+")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--since", "tomorrow"], "expected how long ago"),
        (["--since", "2026-13-01"], "expected how long ago"),
        (["--since", "9999-12-31"], "yet to come"),
        (["--since", "0001-01-01"], "expected how long ago"),
        (["--client", "10.0.0.0/33"], "is no network"),
        (["--limit", "0"], "--limit"),
        (["--json", "--csv"], "exclude each other"),
        (["--plot", "picture.pdf"], "must end in .svg or .png"),
        (["--config", "/nowhere/site.toml"], "cannot read '/nowhere/site.toml'"),
    ],
)
def test_a_wrong_command_line_is_said(run: Run, arguments: list[str], sentence: str) -> None:
    """What is wrong on the command line is a sentence, and exit code 2."""
    text = run("report", *arguments, exit_code=2)
    assert sentence in " ".join(text.split())


def test_an_empty_store_is_said(tmp_path: Path, run: Run) -> None:
    """Without records, and with none yet, there is a sentence and exit code 1."""
    empty = tmp_path / "empty"
    text = run("report", "--state", str(empty), exit_code=1)
    assert text == (
        f"dnswatch: there are no records in '{empty}' yet: start `dnswatch serve` first\n"
    )
    Store.open(empty).close()
    assert run("report", "--state", str(empty), exit_code=1) == "dnswatch: nothing was recorded\n"


def test_a_file_is_no_state_directory(tmp_path: Path, run: Run) -> None:
    """Who names a file is not told to start a server, which would take none either."""
    file = tmp_path / "dnswatch.toml"
    file.touch()
    text = run("report", "--state", str(file), exit_code=1)
    assert text == (f"dnswatch: '{file}' is a file: give the directory that `dnswatch serve` has\n")


def test_a_verdict_stands_on_top(run: Run, read: Read) -> None:
    """Of all clients and of one, with the command that explains it."""
    run("clients", "distrust", "10.0.0.66")
    assert run("report").startswith("infected: 10.0.0.66; see `dnswatch explain --client")
    assert "verdict: infected" in run("report", "--client", "10.0.0.66")
    told = {client["addresses"][0]: client["verdict"] for client in read("report")["clients"]}
    assert told["10.0.0.66"] == "infected"
    assert "verdict: clean" in run("report", "--client", "10.0.0.1")
