"""Help: what every command says of itself."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path as FilePath

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner

from dnswatch.cli import COMMANDS, app
from dnswatch.store import Store

Path = tuple[str, ...]


def commands(
    group: TyperGroup, path: Path = ()
) -> Iterator[tuple[Path, TyperGroup | TyperCommand]]:
    """Every command and group, with the words that call it."""
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        elif isinstance(command, TyperCommand):
            yield (*path, name), command


TREE = dict(commands(typer.main.get_group(app)))
GROUPS = [path for path, command in TREE.items() if isinstance(command, TyperGroup)]
LEAVES = [path for path, command in TREE.items() if isinstance(command, TyperCommand)]


def help_of(path: Path) -> str:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*path, "--help"], prog_name="dnswatch")
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_each_command_shows_how_it_is_used(path: Path) -> None:
    """Its help has an example, which calls it."""
    _, _, example = help_of(path).partition("Example")
    assert " ".join(("dnswatch", *path)) in " ".join(example.split())


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_no_command_is_cut_short_in_a_list(path: Path) -> None:
    """What a command is for can be read in the list of commands, in 80 columns."""
    assert "..." not in help_of(path).partition("Commands:")[2]


def test_daily_commands_come_first_and_the_laboratory_last() -> None:
    """Each below its heading, with the words that its own help begins with."""
    told = help_of(())
    headings = [told.index(f"{heading}:\n") for heading in COMMANDS]
    assert headings == sorted(headings)
    for listed in COMMANDS.values():
        for name, (_, summary) in listed.items():
            assert TREE[name,].get_short_help_str(200) == summary
            assert f"  {name} " in told


def loaded(*arguments: str) -> set[str]:
    """Run a command in a process of its own; the modules that it has loaded in the end."""
    script = (
        "import sys, dnswatch.cli\n"
        "try: dnswatch.cli.app(sys.argv[1:], standalone_mode=False)\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


def test_help_imports_no_command() -> None:
    """Nobody waits for the laboratory, or for any command but the one that is called."""
    found = loaded("report", "--help")
    assert "dnswatch.cli.report" in found
    assert not {"dnswatch.cli.serve", "dnswatch.cli.bay", "dnswatch.lab"} & found


def test_nobody_waits_for_libraries_that_a_command_does_not_need(tmp_path: FilePath) -> None:
    """Texts and paths are taken without pydantic, JSON is printed without rich, and records are
    read without the list of public suffixes.
    """
    state = str(tmp_path)
    Store.open(tmp_path).close()
    found = loaded("policy", "list", "--state", state, "--json")
    assert "dnswatch.store" in found
    assert not {"pydantic", "rich", "publicsuffixlist"} & found
    assert "pydantic" not in loaded("report", "--state", state, "--since", "2h", "--json")
