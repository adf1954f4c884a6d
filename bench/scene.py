"""The scenes: what is asked of a server, and a server that is warmed up for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dnsperf import Asking, ask
from bench.meter import settle
from bench.plan import Plan
from bench.rig import Rig, Standing

_FASTEST: Final = 100_000
"Misses a second that no server here reaches: the file of names must not end before the time."


@dataclass(frozen=True, slots=True)
class Scene:
    """What is asked: first each of `warming`, then `names` for the length of the run."""

    title: str
    warming: Path
    names: Path
    repeat: bool
    """Whether names may be asked for more than once.  Then each is asked for twice before: a name
    is hot once its answer was given from the cache, and that first time costs more than others."""

    @contextmanager
    def warm(self, rig: Rig, server: str, workers: int = 1) -> Iterator[Standing]:
        """Start the server afresh and ask it for the warming names."""
        with rig.start(server, workers) as standing:
            for _ in range(1 + self.repeat):
                ask(rig, standing.port, self.warming, Asking())
            settle(standing.server)
            yield standing


def cached(rig: Rig, plan: Plan) -> Scene:
    """Hot names, all of them in the answer cache."""
    hot = write_names(rig.folder / "hot", "h", plan.names)
    return Scene(f"Cached answers: {plan.names:,} hot names", hot, hot, repeat=True)


def misses(rig: Rig, plan: Plan) -> Scene:
    """Names that were never asked for before, each forwarded to the upstream.

    Half as many as there are hot names warm the server up.
    """
    warming = write_names(rig.folder / "warming", "w", (plan.names + 1) // 2)
    names = write_names(rig.folder / "fresh", "f", int(_FASTEST * plan.seconds))
    return Scene("Forwarded misses: every name asked for once", warming, names, repeat=False)


def write_names(path: Path, prefix: str, count: int) -> Path:
    """Write `count` different questions in dnsperf's format."""
    with path.open("w") as file:
        file.writelines(f"{prefix}{number:07}.example.com A\n" for number in range(count))
    return path
