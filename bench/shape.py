"""`python -m bench.shape`: hold the undefended campus against the paper, for docs/campus.md.

The paper's two outbreaks are played and written as data sets, and the study judges them: A1 to A17.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.command import add_page, ended, put
from bench.errors import BenchError
from bench.plan import say
from bench.table import Table
from dnswatch.lab.study.analysis import analyse
from dnswatch.lab.study.engine import duckdb
from dnswatch.lab.study.findings import PaperFinding, findings
from dnswatch.lab.study.question import TraceQuestion

_PAGE: Final = Path(__file__).parent.parent / "docs" / "campus.md"
_MEMORY: Final = "2000MB"
_TRACES: Final = {"SoBig": "sobig-2003", "MyDoom": "mydoom-2004"}
"""Name of a trace, by which the study knows the outbreak, and the scenario that makes it."""
_HEAD: Final = ("", "asserted", "trace", "paper", "campus", "")

_WHY: Final[Mapping[tuple[str, str], str]] = {
    (
        "A10",
        "SoBig",
    ): "an address that mail goes to for the first time in a day or two is a new entry,"
    " and the paper wants few of those at mail servers (A14). Both can be had where addresses are"
    " refreshed beside MX answers, which a data set does not hold: the campus keeps to A14.",
    ("A12", "SoBig"): "the share hangs on how long the addresses of the worm's servers live"
    " (`callee_ttl`), of which nothing is known: the longer, the fewer of their lookups bring new"
    " entries, and the larger is the share of mail.",
    ("A15", "MyDoom"): "the outbreak fades, and two of its eleven days are a weekend; the paper"
    " does not say over which days it averages. On weekdays of the first week it holds.",
    ("A16", "SoBig"): "five hosts with 3,000 mails and 650 calls a day, each with a lookup that"
    " nobody keeps, bring as many translations as all people on the web; with fewer, refreshes"
    " would not dominate (A12). The paper gives no number here, and its own do not multiply out to"
    " a small share either: 5 hosts ask for 200 addresses ten times each, 500 people for 20.",
    ("A16", "MyDoom"): "the people of the campus look up too little, since pages here bring few"
    " hosts with short TTLs; and five thousand mails of the servers are a tenth by themselves.",
}
"""Why what does not hold does not, by assertion and trace."""


def play(name: str, folder: Path, seed: int) -> None:
    """Write the data set of an outbreak, in a process of its own; one that is there stays."""
    place = folder / name
    if place.exists():
        return
    say(f"Playing {name}")
    arguments = ["campus", "run", _TRACES[name], "--seed", str(seed), "--parquet", str(place)]
    done = subprocess.run([sys.executable, "-m", "dnswatch", *arguments], check=False)
    if done.returncode:
        raise BenchError(f"the campus of {name} failed: exit code {done.returncode}")


def judge(folder: Path) -> list[PaperFinding]:
    """Let the study judge both outbreaks."""
    say("Studying")
    with duckdb(_MEMORY) as engine:
        traces = [analyse(engine, TraceQuestion(name, str(folder / name))) for name in _TRACES]
    return findings(traces)


def table(found: Sequence[PaperFinding]) -> Table:
    """Lay findings out, with a reason where one does not hold."""
    rows = tuple(
        (one.assertion, one.statement, one.trace, one.paper, one.ours, one.holds.value)
        for one in found
    )
    held = sum(one.holds.value == "holds" for one in found)
    return Table(f"{held} of {len(found)} hold", _HEAD, rows, tuple(reasons(found)))


def reasons(found: Iterable[PaperFinding]) -> list[str]:
    """Say why what does not hold does not; what nobody looked into says so itself."""
    missing = [one for one in found if one.holds.value != "holds"]
    unknown = "nobody has looked into it yet."
    return [
        f"{one.assertion}, {one.trace}, {one.ours}: {_WHY.get((one.assertion, one.trace), unknown)}"
        for one in missing
    ]


def main(arguments: Sequence[str]) -> int:
    """Play, judge, publish; 2 where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m bench.shape", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which campus")
    parser.add_argument("--folder", type=Path, help="where data sets are kept, or are already")
    add_page(parser, _PAGE)
    options = parser.parse_args(arguments)

    def work() -> None:
        with TemporaryDirectory(prefix="bench-shape-") as made:
            folder = options.folder or Path(made)
            for name in _TRACES:
                play(name, folder, options.seed)
            block = str(table(judge(folder)))
        put(options, "shape", block)

    return ended(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
