"""Help: what every command says of itself."""

from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner

from dnswatch.cli import app

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
