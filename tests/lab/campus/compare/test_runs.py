"""The runs of one seed: one past, many futures, and nothing done twice."""

from pathlib import Path

from dnswatch.lab.campus.compare.measure import Honest, RunMeasures, unjudged
from dnswatch.lab.campus.compare.runs import ComparisonTask, Past, WormCase, read, run_seed
from dnswatch.serve.policies import texts
from tests.lab.campus.scene import plan

CASES = (
    WormCase("spambot", "nothing"),
    WormCase("spambot", "quarantine"),
    WormCase("spambot", "nic"),
)


def task(cases: tuple[WormCase, ...] = CASES) -> ComparisonTask:
    return ComparisonTask(
        plan("[outbreak]\nfirst = 1\nbackscatter = 0"), texts(""), cases, 1.0, 0.3
    )


def test_all_defences_meet_the_same_past(tmp_path: Path) -> None:
    """What differs is what each does: quarantine holds, and a network card that trusts DNS lets go.

    A broken line is left out, and only what is missing is run again.
    """
    results = tmp_path / "seed.jsonl"
    run_seed(task(), 1, results)
    lines = read(results)
    nothing, quarantine, nic = (line for line in lines if isinstance(line, RunMeasures))
    assert nothing.infected == nic.infected
    assert (nothing.left, nothing.tried) == (nic.left, nic.tried)
    assert quarantine.held > 100 * quarantine.left
    assert quarantine.server_touched == 0
    assert {line.judge for line in lines if isinstance(line, Honest)} >= {"dnswatch", "any-mx"}

    whole = results.read_bytes()
    results.write_bytes(whole[:-20])
    assert len(read(results)) == len(lines) - 1
    results.write_bytes(whole)
    run_seed(task(), 1, results)
    assert results.read_bytes() == whole


def test_under_a_judge_who_says_nothing_happens_what_happens_under_none(tmp_path: Path) -> None:
    """Half of a spambot's domains exist, so the test of failures is silent; its run is not run."""
    bare = Past(task(), 1).future(WormCase("spambot", "nothing"))
    assert "sprt" in bare.silent
    assert Past(task(), 1).future(WormCase("spambot", "sprt")) == unjudged(bare, "sprt")
    cases = WormCase("spambot", "nothing"), WormCase("spambot", "sprt")
    run_seed(task(cases), 1, tmp_path / "seed.jsonl")
    runs = [line for line in read(tmp_path / "seed.jsonl") if isinstance(line, RunMeasures)]
    assert runs == [bare, unjudged(bare, "sprt")]
