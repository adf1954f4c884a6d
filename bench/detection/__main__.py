"""`python -m bench.detection`: measure the detector, publish the tables in docs/detection.md."""

import argparse
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Final

from bench.command import add_page, ended, put
from bench.detection import site
from bench.detection.crowd import measure_crowds
from bench.detection.elsewhere.measure import measure_elsewhere
from bench.detection.honest import measure_honest
from bench.detection.negatives import WHO, measure_negatives
from bench.detection.power import (
    WARM_UP,
    measure_assumptions,
    measure_indicators,
    measure_senders,
    warmed_up,
)
from bench.table import Table
from dnswatch.model.detection.detector import Detector
from dnswatch.model.role import Role

_PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "detection.md"


def fresh(declared: dict[bytes, Role]) -> Detector:
    """Return a detector that knows a site, with some more clients declared."""
    detector = deepcopy(warmed_up())
    detector.role_of = lambda client: declared.get(client) or site.role_of(client)
    detector.meet(WHO, site.MONDAY + (WARM_UP - 30) * site.DAY)
    return detector


def negatives() -> list[Table]:
    """Play the hard negatives at a learned site, on a Monday at ten."""
    return measure_negatives(fresh, site.MONDAY + WARM_UP * site.DAY + 36000)


_MEASUREMENTS: Final[dict[str, Callable[[], list[Table]]]] = {
    "senders": measure_senders,
    "honest": measure_honest,
    "negatives": negatives,
    "crowds": measure_crowds,
    "indicators": measure_indicators,
    "assumptions": measure_assumptions,
    "elsewhere": measure_elsewhere,
}


def main(arguments: Sequence[str]) -> int:
    """Measure what the arguments name, or all; 2 where it cannot be published."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="WHAT", help=", ".join(_MEASUREMENTS))
    add_page(parser, _PAGE)
    options = parser.parse_args(arguments)
    for name in options.what:
        if name not in _MEASUREMENTS:
            parser.error(f"nothing is called {name!r} here; choose from {', '.join(_MEASUREMENTS)}")

    def work() -> None:
        for name in options.what or _MEASUREMENTS:
            block = "\n".join(map(str, _MEASUREMENTS[name]()))
            put(options, name, block)

    return ended(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
