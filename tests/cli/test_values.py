"""Values of the command line, as they reach the command."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from typer.testing import CliRunner

import dnswatch.cli  # whose parameters are judged only where they must be


def taken(*arguments: str) -> dict[str, Any]:
    """What a command with a parameter of every kind is given."""
    got: dict[str, Any] = {}
    app = typer.Typer()

    @app.command()
    def command(
        files: list[str],
        place: Path | None = None,
        name: str = "nobody",
        also: Annotated[list[str] | None, typer.Option()] = None,
        limit: Annotated[int, typer.Option(min=1)] = 20,
        share: float = 0.5,
        kind: Literal["edge", "client"] = "edge",
        doubled: Annotated[str | None, typer.Option(parser=lambda text: text * 2)] = None,
        plain: bool = False,
    ) -> None:
        got.update(locals())

    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return {name: value for name, value in got.items() if name != "got"}


NOTHING = {
    "files": ["one"],
    "place": None,
    "name": "nobody",
    "also": None,
    "limit": 20,
    "share": 0.5,
    "kind": "edge",
    "doubled": None,
    "plain": False,
}


@pytest.mark.parametrize(
    ("arguments", "differs"),
    [
        ([], {}),
        (["two"], {"files": ["one", "two"]}),
        (["--place", "/nowhere"], {"place": Path("/nowhere")}),
        (["--name", "x"], {"name": "x"}),
        (["--also", "a", "--also", "b"], {"also": ["a", "b"]}),
        (["--limit", "7"], {"limit": 7}),
        (["--share", "2"], {"share": 2.0}),
        (["--kind", "client"], {"kind": "client"}),
        (["--doubled", "ab"], {"doubled": "abab"}),
        (["--plain"], {"plain": True}),
    ],
    ids=str,
)
def test_values_are_of_the_kind_that_was_asked_for(
    arguments: list[str], differs: dict[str, Any]
) -> None:
    """Each parameter is what its command says it is, given or not."""
    assert dnswatch.cli.app is not None
    assert taken("one", *arguments) == {**NOTHING, **differs}


@pytest.mark.parametrize(
    "arguments", [["--limit", "0"], ["--share", "x"], ["--kind", "server"]], ids=str
)
def test_what_cannot_be_meant_is_refused(arguments: list[str]) -> None:
    """A number out of bounds and a choice that is none are still judged."""
    app = typer.Typer()

    @app.command()
    def command(
        limit: Annotated[int, typer.Option(min=1)] = 20,
        share: float = 0.5,
        kind: Literal["edge", "client"] = "edge",
    ) -> None:
        raise AssertionError

    assert CliRunner().invoke(app, arguments).exit_code == 2
