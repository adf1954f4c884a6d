"""Values of the command line: texts and paths are taken as they are written.

typer has pydantic judge the value of each parameter, even one that nobody gave, and to load that
takes as long as all else that a short command does: 75 ms of 150.  So typer is asked only where
there is something to judge: a number that was given, a choice among several, a path that cannot
be read.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from typer.core import TyperArgument, TyperOption

_AS_WRITTEN: Final[dict[Any, Callable[[Any], Any]]] = {str: str, list[str]: list, Path: Path}
"""What a parameter is, to what makes it of what was written."""


def spare_judging() -> None:
    """Have typer's parameters judged only where they must be, from now on."""
    for kind in (TyperOption, TyperArgument):
        if thorough := getattr(kind, "get_runtime_param", None):  # as of typer 0.29
            kind.get_runtime_param = _spared(thorough)  # type: ignore[assignment, method-assign]


def _spared(thorough: Callable[[Any], Any]) -> Callable[[Any], "_Judge"]:
    return lambda _parameter: _Judge(thorough)


class _Judge:
    """Takes the values of a parameter; it stands where typer has its own for that."""

    def __init__(self, thorough: Callable[[Any], Any]) -> None:
        self._thorough = thorough
        "Gives typer's own for a parameter."

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Make of what was written what the command takes."""
        described = param.type_descriptor
        is_many = param.multiple or param.nargs == -1
        if value is None:
            return () if is_many else None
        if (parse := described.parameter_info.parser) is not None and not is_many:
            return parse(value)
        make = _AS_WRITTEN.get(described.annotation)
        if make is not None and (make is not Path or _is_plain(value)):
            return make(value)
        if type(value) is described.annotation:
            return value  # what holds where nothing is given
        return self._thorough(param).coerce(value, param=param, ctx=ctx)


def _is_plain(path: str) -> bool:
    """Tell whether nothing is to be said of a path: it can be read, or is not there."""
    return os.access(path, os.R_OK) or not Path(path).exists()
