"""The shells that can complete what is typed: which there are, and which one this is."""

from enum import StrEnum
from typing import Final

import typer
import typer.completion

OPTIONS: Final = ("--install-completion", "--show-completion")
"""Each takes a shell's name, and without one means the shell that called."""


class Shell(StrEnum):
    """A shell whose completion typer can write."""

    BASH = "bash"
    FISH = "fish"
    PWSH = "pwsh"
    ZSH = "zsh"


def teach() -> None:
    """Have typer answer shells that complete: by itself it does so for its own options alone."""
    typer.completion.get_completion_inspect_parameters()


def named(arguments: list[str]) -> list[str]:
    """Write the shell's name behind an option that has none; raises `BadParameter` on an odd shell.

    Only the first word is looked at: what else a command line says has no business beside it.
    """
    first, *rest = arguments or [""]
    if first not in OPTIONS or (rest and not rest[0].startswith("-")):
        return arguments
    return [first, _calling(first), *rest]


def _calling(option: str) -> str:
    import shellingham

    try:
        name = str(shellingham.detect_shell()[0])
    except shellingham.ShellDetectionFailure:
        name = "none that is known"
    if name not in list(Shell):
        known = ", ".join(Shell)
        raise typer.BadParameter(
            f"the shell that calls is {name}; say which is meant ({known}), as in `{option} bash`",
            param_hint=f"'{option}'",
        )
    return name


def show(ctx: typer.Context, param: typer.CallbackParam, shell: str | None) -> None:
    """Print the script that a shell reads."""
    typer.completion.show_callback(ctx, param, shell)


def install(ctx: typer.Context, param: typer.CallbackParam, shell: str | None) -> None:
    """Write the script where a shell reads it at its start."""
    typer.completion.install_callback(ctx, param, shell)
