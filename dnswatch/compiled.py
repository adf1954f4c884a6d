"""Whether what every packet goes through is compiled, and the way back to its sources.

A wheel for one kind of machine has both: Python takes the compiled one where there is one.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import find_spec
from types import ModuleType
from typing import Final

_EXAMPLE: Final = "dnswatch.wire.query"
"""Compiled with the others or not at all."""


def build() -> str:
    """Return `compiled` or `pure`."""
    found = find_spec(_EXAMPLE)
    is_source = found is None or (found.origin or "").endswith(tuple(SOURCE_SUFFIXES))
    return "pure" if is_source else "compiled"


class _Sources:
    """Finds modules of dnswatch as sources alone."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module's source; others find what is not ours."""
        if not name.startswith("dnswatch."):
            return None
        finders = (FileFinder(place, (SourceFileLoader, SOURCE_SUFFIXES)) for place in path or ())
        return next((spec for finder in finders if (spec := finder.find_spec(name))), None)


def prefer_sources() -> None:
    """Load sources from now on, whatever is compiled."""
    sys.meta_path.insert(0, _Sources)
