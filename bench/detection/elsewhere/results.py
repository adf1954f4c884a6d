"""Results: what was measured already, so that a run that was interrupted goes on where it ended."""

import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Final

_ROOT: Final = Path(__file__).parents[3]
_MEASURED: Final = ("dnswatch.model", "dnswatch.names", "bench.detection")
"""Packages that a result depends on: of other code it is measured anew."""

Numbers = list[float | None]


class Results:
    """Numbers by name, in a file with a line for each."""

    def __init__(self, path: Path = _ROOT / "build" / "elsewhere.jsonl") -> None:
        """Go on with those of the same code."""
        self._path, self._code = path, _digest()
        lines = path.read_text().splitlines() if path.exists() else []
        stored = map(json.loads, lines)
        self._known: dict[str, Numbers] = {
            one["name"]: one["numbers"] for one in stored if one["code"] == self._code
        }

    def of(self, name: str, measure: Callable[[], Numbers]) -> Numbers:
        """Return what is known of `name`, or measure it, keep it and say so."""
        if name not in self._known:
            begun = monotonic()
            numbers = self._known[name] = measure()
            self._path.parent.mkdir(exist_ok=True)
            with self._path.open("a") as file:
                print(json.dumps({"code": self._code, "name": name, "numbers": numbers}), file=file)
            print(f"{name}: {numbers} ({monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)
        return self._known[name]


def _digest() -> str:
    files = {
        Path(module.__file__)
        for name, module in sys.modules.items()
        if name.startswith(_MEASURED) and module.__file__
    }
    return sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()[:16]
