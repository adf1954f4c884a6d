"""Help: what every command says of itself."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner

from dnswatch.cli import COMMANDS, app

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


def test_help_imports_no_command() -> None:
    """Nobody waits for the laboratory, or for any command but the one that is called."""
    seen = "import sys, dnswatch.cli; dnswatch.cli.app(['{}', '--help'], standalone_mode=False)"
    show = "; print(*sorted(each for each in sys.modules if each.startswith('dnswatch.')))"
    done = subprocess.run(
        [sys.executable, "-c", seen.format("report") + show],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert "dnswatch.cli.report" in loaded
    assert not {"dnswatch.cli.serve", "dnswatch.cli.bay", "dnswatch.lab"} & set(loaded)
