"""The benchmark measures what it says, and keeps running; how fast anything is, no test says."""

import os
import subprocess
import sys
from array import array
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import bay, budget, cores, latency, leaks, memory, policies, throughput, turns, workers
from bench.__main__ import main
from bench.budget import Budget
from bench.dnsperf import Load, read_output
from bench.errors import BenchError
from bench.mailservers import BAY, POSTFIX
from bench.memory import Memory
from bench.meter import Cost, metered
from bench.pacing import Pacing, read_times
from bench.page import machine, origin, publish, replace_block
from bench.plan import Plan
from bench.process import Process
from bench.programs import PACKAGES, find
from bench.servers import WITH_POLICIES
from bench.summary import summary
from bench.table import Table, ratios, spread
from dnswatch.compiled import build
from tests import check
from tests.live.tools import lacking

pytestmark = pytest.mark.whole

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
MEASUREMENTS = (
    "cached",
    "misses",
    "budget",
    "latency",
    "fairness",
    "kills",
    "memory",
    "leaks",
    "watch",
    "workers",
    "cores",
    "policies",
    "soak",
    "bay",
    "fleet",
)
CORE = min(os.sched_getaffinity(0))
LOST = 0xFFFFFFFF

DNSPERF = """\
Statistics:

  Queries sent:         468750
  Queries completed:    468743 (100.00%)
  Queries lost:         7 (0.00%)

  Response codes:       {codes}
  Run time (s):         3.000316
"""


@pytest.mark.parametrize("what", MEASUREMENTS)
def test_every_measurement_runs_and_publishes_its_table(what: str, tmp_path: Path) -> None:
    """`python -m bench WHAT` prints a row for dnswatch and writes the same table into the page."""
    try:
        for program in PACKAGES:
            find(program)
    except BenchError as error:
        lacking(str(error))
    if what == "bay" and os.geteuid() != 0:
        lacking("Postfix starts only as root")
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text())
    sizes = {"seconds": "0.1", "rounds": "1", "clients": "20", "answers": "50", "names": "100"}
    sizes |= {"lookups": "1000"}
    if what in ("bay", "budget", "cores", "fleet"):
        sizes["seconds"] = "0.5"  # Postfix must use some CPU, and many processes get their turn
    small = [word for size, least in sizes.items() for word in (f"--{size}", least)]
    command = [sys.executable, "-m", "bench", what, *small, "--page", str(page)]
    run = subprocess.run(command, cwd=PAGE.parents[1], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() in page.read_text()
    rows = {
        "workers": "1",
        "policies": "off",
        "bay": "bay",
        "watch": "fold",
        "soak": "0",
        "cores": "2%",
        "budget": "**the worker**",
    }
    assert f"\n| {rows.get(what, 'dnswatch')} " in run.stdout


@pytest.mark.parametrize(
    ("kind", "lookups"), {build(): 1_000_000, "pure": 300_000}.items(), ids=str
)
def test_a_worker_keeps_nothing_of_a_million_lookups(kind: str, lookups: int) -> None:
    """Cached, forwarded, failed, cut, refused, malformed, over TCP: nothing of them is left."""
    found = leaks.measured(lookups, pure=kind == "pure")
    assert found[-1].lookups >= lookups
    leaks.judge(kind, found)


@pytest.mark.parametrize("divided", [budget.cached, budget.missed])
def test_a_budget_adds_up(divided: Callable[[Budget], dict[str, float]]) -> None:
    """An answer's parts make up what the worker takes, and with the others all that it costs."""
    turns = {
        "Turns._take": 19.0,
        "Worker._report": 0.1,
        "": 0.4,
    }
    bare = {"query": 3.0, "response": 4.0, "report": 0.5, "packet": 1.5}
    found = Budget(turns, 21.0, 28.0, 5.0, 40.0, bare)
    made = budget.table("an answer", divided, {"compiled": found, "pure": found})
    *parts, worker, others, whole = (float(row[1]) for row in made.rows)
    assert sum(parts) == pytest.approx(worker) == pytest.approx(21.0)
    assert worker + others == pytest.approx(whole) == pytest.approx(28.0)
    assert "pure: 5.00 µs (24%) of the worker in the kernel" in made.notes[0]


def test_the_summary_says_what_the_tables_say() -> None:
    """It finds the median with its range by table, row and column; what is absent it names so."""
    runs = {
        server: [run_of(cost), run_of(cost * 1.5)]
        for server, cost in {"dnswatch": 3.0, "unbound": 2.0, "dnsdist": 1.0}.items()
    }
    made = throughput.table("Cached answers: 9 hot names", runs)
    page = replace_block(PAGE.read_text(), "cached", str(made), "page")
    rows = {row[0]: row[1:] for row in summary(page).rows}
    assert rows["cached answer, CPU, to unbound"] == ("1.50 (1.50 to 1.50)", "not measured")
    assert rows["cached answer, CPU, to the better peer"][0] == "3.00 (3.00 to 3.00)"


def test_what_is_kept_is_noticed() -> None:
    """A block for each hundredth lookup is a leak."""
    kept = [leaks.Held(done, 1 << 25, 180_000 + done // 100) for done in (30_000, 1_000_000)]
    with pytest.raises(BenchError, match="9,700 blocks of memory more after 1,000,000"):
        leaks.judge("pure", kept)


def test_a_missing_program_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a program is missing, the benchmark says which, and how Debian has it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["cached"]) == 2
    said = capsys.readouterr().err
    assert "needs dnsperf" in said
    packages = "dnsperf unbound dnsdist gcc redis-server postfix"
    assert f"apt-get install --no-install-recommends {packages}" in said


@pytest.mark.parametrize(
    "arguments", [["tea"], ["--seconds", "0"], ["--rounds", "-1"], ["--seconds", "nan"]]
)
def test_a_wrong_argument_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A measurement that is not there, and a size that is not above zero, end with exit code 2."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["", "setsid "])
def test_cpu_of_children_counts_and_they_end_with_their_parent(tmp_path: Path, kind: str) -> None:
    """The CPU of a server's child is the server's, and no child outlives the measurement."""
    burn = f"{kind}sh -c 'while :; do :; done' & echo $!; wait"
    with Process(["sh", "-c", burn], [CORE], tmp_path / "log") as process:
        check.eventually(lambda: sum(process.cpu().values()) > 0.05)
        assert process.memory() > 0
        child = int(process.log.read_text())
        assert process.cpu()[child] > 0
    check.eventually(lambda: not is_alive(child))


def test_what_a_server_does_afterwards_is_charged_too(tmp_path: Path) -> None:
    """Work that a server puts off until the load is over counts as the load's."""
    go = tmp_path / "go"
    wait = (
        f"until [ -e {go} ]; do sleep 0.01; done; n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done"
    )
    with Process(["sh", "-c", f"{wait}; sleep 60"], [CORE], tmp_path / "log") as process:
        _, cost = metered(process, 1, go.touch)
    assert cost.whole > 0.05


def is_alive(pid: int) -> bool:
    """A zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_dnsperfs_numbers_are_read() -> None:
    """Answers, losses and run time are those that dnsperf printed."""
    load = read_output(DNSPERF.format(codes="NOERROR 468743 (100.00%)"), busy=0.5)
    assert load == Load(answers=468743, lost=7, seconds=3.000316, busy=0.5)


@pytest.mark.parametrize(
    "text",
    ["", DNSPERF.format(codes="NOERROR 468000 (99.84%), SERVFAIL 743 (0.16%)"), "Error: no host"],
)
def test_errors_are_never_measured_as_answers(text: str) -> None:
    """A server that answers errors, or nothing, is not called fast: the run is refused."""
    with pytest.raises(BenchError):
        read_output(text, busy=1.0)


@given(st.lists(st.integers(0, 10**9), min_size=1), st.integers(0, 50))
def test_lost_answers_count_as_the_longest_wait(times: list[int], lost: int) -> None:
    """Percentiles are over all questions: one that was never answered waited a second."""
    found = read_times(array("I", [*times, *[LOST] * lost]).tobytes())
    assert (found.answers, found.lost) == (len(times), lost)
    assert found.milliseconds(1.0) == (1000 if lost else max(times) / 1e6)
    assert sum(time / 1e6 <= found.milliseconds(0.5) for time in found.latencies) * 2 >= len(
        found.latencies
    )


def test_a_mail_server_is_set_beside_postfix_round_by_round() -> None:
    """Messages a second and CPU per message have Postfix's of the same round as their base."""
    cost = Cost(whole=2.0, workers=())
    runs = {
        BAY: [bay.Run(100, 2.0, cost, 1 << 20)],
        POSTFIX: [bay.Run(400, 2.0, cost, 2 << 20)],
    }
    first, second = bay.table("Mail", runs).rows
    assert first == (BAY, "50", "0.25", "20.00", "4.00", "100%", "1")
    assert second == (POSTFIX, "200", "1.00", "5.00", "1.00", "100%", "2")


def test_ratios_are_taken_within_a_round() -> None:
    """A round in which the machine was slow for all tells as much as any other."""
    assert ratios([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == "2.00 (2.00 to 2.00)"
    assert spread([3.0, 1.0, 2.0]) == "2 (1 to 3)"
    assert spread([1234.5], digits=1) == "1,234.5"


def test_dnswatch_is_set_against_the_better_peer_of_each_round() -> None:
    """The better of unbound and dnsdist is chosen anew in each round."""
    costs = {"dnswatch": (6.0, 6.0), "unbound": (4.0, 6.0), "dnsdist": (5.0, 3.0)}
    runs = {server: [run_of(cost) for cost in pair] for server, pair in costs.items()}
    rows = {row[0]: row for row in throughput.table("full load", runs).rows}
    assert rows["dnswatch"][2:4] == ("1.75 (1.50 to 2.00)", "1.25 (1.00 to 1.50)")
    assert rows["dnswatch, its worker alone"][1] == "3.0 (3.0 to 3.0)"


def run_of(cost: float) -> throughput.Run:
    load = Load(answers=1_000_000, lost=0, seconds=10.0, busy=0.9)
    return throughput.Run(load, Cost(cost, (cost / 2,)))


def test_latencies_stand_side_by_side() -> None:
    """The 99th percentile is set against the better peer's, and losses are shown."""
    times = {"dnswatch": 2_000_000, "unbound": 1_000_000, "dnsdist": 4_000_000}
    runs = {
        server: [latency.Run(Pacing((time,) * 100, lost=1), Cost(0.00099, (0.00099,)))]
        for server, time in times.items()
    }
    rows = {row[0]: row for row in latency.table("half load", runs).rows}
    assert rows["dnswatch"] == ("dnswatch", "2.00", "2.00", "2.00", "2.00", "10.0", "1")


def test_the_longest_turns_come_first() -> None:
    """What a query may have to wait for stands at the top, in milliseconds."""
    found = {"short": [100.0] * 99 + [900.0], "long": [4000.0]}
    rows = turns.table("half load", found).rows
    assert rows[0] == ("long", "1", "4", "4.00", "4.00", "4.00")
    assert rows[1] == ("short", "100", "11", "0.10", "0.90", "0.90")


def test_growth_is_the_difference_between_stages() -> None:
    """Memory per client and per answer is what the stage added, shared out."""
    stages = Memory(start=10 << 20, clients=20 << 20, mail=30 << 20, answers=50 << 20, held=0.5)
    plan = Plan(clients=1 << 10, answers=1 << 20)
    (row,) = memory.table({"dnswatch": stages}, plan).rows
    assert row == ("dnswatch", "10", "20", "10,240", "30", "10,240", "50", "20", "50%")


def test_two_workers_are_set_against_one() -> None:
    """The second row says how much more two workers answered than one."""
    one, two = (
        throughput.Run(Load(answers, 0, 10.0, 0.9), Cost(10.0, shares))
        for answers, shares in ((1_000_000, (10.0,)), (1_500_000, (6.0, 3.0)))
    )
    row = workers.table("Misses", {1: [one], 2: [two]}).rows[1]
    assert (row[0], row[2], row[5]) == ("2", "1.50", "30%")


def test_many_cores_are_played_from_the_costs_of_one() -> None:
    """Workers and watch are as busy as their costs say, and few ports load one worker more."""
    costs = cores.Costs(cached=2.0, miss=20.0, lookup=5.0, rest=0.1)
    many, few = (cores.play(costs, 4, 100_000.0, 0.5, ports, Random(1)) for ports in (10_000, 8))
    assert many.busiest == pytest.approx(100_000 * 11e-6 / 4, rel=0.05)
    assert many.watch == pytest.approx(0.1 + 100_000 * 2.5e-6, rel=0.05)
    assert few.busiest > 1.3 * many.busiest
    assert 20.0 < many.within < few.within


def test_answers_end_where_workers_or_watch_are_full() -> None:
    """More workers answer more, up to what the watch can follow."""
    costs = cores.Costs(cached=2.0, miss=20.0, lookup=5.0, rest=0.0)
    assert [costs.bears(workers, 1.0) for workers in (1, 4, 8)] == [50_000, 200_000, 200_000]


def test_policies_are_set_against_none_within_a_round() -> None:
    """A slow round counts for neither side, and the note says whether the bar is met."""
    off, on = (
        [throughput.Run(Load(1_000_000, 0, 10.0, 0.9), Cost(cost, (cost,))) for cost in costs]
        for costs in ((8.0, 16.0, 8.0), (8.4, 16.8, 8.0))
    )
    found = policies.table({"dnswatch": off, WITH_POLICIES: on})
    assert [row[:3] for row in found.rows] == [
        ("off", "8.00 (8.00 to 16.00)", "1.00 (1.00 to 1.00)"),
        ("on", "8.40 (8.00 to 16.80)", "1.05 (1.00 to 1.05)"),
    ]
    assert "1.050 in the worker" in found.notes[0]
    assert "**missed**" in found.notes[0]


def test_a_table_lines_up() -> None:
    """All lines of a table are equally long: it reads well in a terminal, too."""
    table = Table("T", ("server", "µs"), (("a", "1"), ("long name", "1,000")), ("A note.",))
    lines = [line for line in str(table).splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1
    assert str(table).endswith("A note.\n")


@given(st.text(alphabet="ab \n<!->"), st.text(alphabet="cd| \n"))
def test_publishing_changes_one_block_alone(around: str, block: str) -> None:
    """Only what stands between the marks changes, and publishing twice changes nothing more."""
    page = f"{around}<!-- measured: cached -->\nold\n<!-- end of cached -->{around}"
    once = replace_block(page, "cached", block, "page.md")
    assert once.startswith(around)
    assert once.endswith(around)
    assert replace_block(once, "cached", block, "page.md") == once


def test_a_page_without_a_place_for_results_is_named(tmp_path: Path) -> None:
    """Where the marks are missing, the error names the page and the mark."""
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(BenchError, match=r"page\.md .* measured: cached"):
        publish(page, "cached", "block")
    assert page.read_text() == "nothing here\n"


@pytest.mark.parametrize("what", [*MEASUREMENTS, "turns"])
def test_the_page_has_a_place_for_every_measurement(what: str) -> None:
    """docs/performance.md has the marks of every measurement."""
    assert replace_block(PAGE.read_text(), what, "block", str(PAGE))


def test_results_say_where_they_come_from() -> None:
    """Beside a table stand its command, date, versions and the kind of machine, never its name."""
    said = origin("python -m bench cached", {"unbound": "1.17.1"}, date(2026, 11, 23))
    assert said.startswith("`python -m bench cached`, 2026-11-23, on ")
    assert "unbound 1.17.1" in said
    assert Path("/proc/sys/kernel/hostname").read_text().strip() not in machine()
