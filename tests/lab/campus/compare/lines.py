"""Results of runs, made up for tests."""

from typing import Any

from msgspec.structs import replace

from dnswatch.lab.campus.compare.measure import Honest, RunMeasures

RUN = RunMeasures(
    seed=1,
    worm="slow",
    defence="nothing",
    tried=100,
    left=80,
    inside=0,
    held=0,
    infected=(1, 2, 3),
    found=2,
    domains=(4, 6),
    seconds=(60.0, 180.0),
    worm_lookups=200,
    honest_lookups=1000,
    honest_sent=50,
    honest_touched={},
    honest_waits=(),
    server_mails=70,
    server_touched=0,
)


def run(seed: int, defence: str, left: int, **more: Any) -> RunMeasures:
    return replace(RUN, seed=seed, defence=defence, left=left, **more)


LINES: list[RunMeasures | Honest] = [
    run(1, "nothing", 80),
    run(2, "nothing", 100),
    run(1, "quarantine", 8, held=72, honest_touched={"held": 1}),
    run(2, "quarantine", 20, held=80, honest_waits=(10.0, 30.0)),
    Honest(seed=1, judge="dnswatch", clients=1000, days=15.0, verdicts=1, hosts=1),
    Honest(seed=2, judge="dnswatch", clients=1000, days=15.0, verdicts=0, hosts=0),
]
