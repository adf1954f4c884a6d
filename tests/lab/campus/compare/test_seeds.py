"""The seed runner: seeds in parallel, and what is finished is kept."""

from pathlib import Path

import pytest

from dnswatch.errors import DnswatchError
from dnswatch.lab.campus.compare.runs import ComparisonTask, WormCase
from dnswatch.lab.campus.compare.seeds import SeedRunner, identity
from dnswatch.lab.campus.worms import shipped
from dnswatch.serve.policies import texts
from tests.lab.campus.scene import plan


def task(
    worm: str = "slow", defence: str = "nothing", days: float = 0.1, more: str = ""
) -> ComparisonTask:
    chosen = plan(f"[outbreak]\nfirst = 1\nbackscatter = 0\n{more}")
    return ComparisonTask(chosen, texts(""), (WormCase(worm, defence),), 1.0, days)


def results(out: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in out.rglob("seed-*"))


def test_each_seed_leaves_its_results(tmp_path: Path) -> None:
    """How many are finished is told, and a second run finds all done."""
    told: list[float] = []
    runner = SeedRunner(task(), (1, 2), tmp_path / "out")
    runner.run(2, told.append)
    assert (runner.total, runner.finished(), told[-1]) == (2, 2, 2)
    before = results(tmp_path)
    runner.run(1, told.append)
    assert results(tmp_path) == before


def test_a_seed_that_fails_ends_the_comparison_with_a_sentence(tmp_path: Path) -> None:
    """What is finished stays; a place that cannot be written to is named."""
    with pytest.raises(DnswatchError, match="seed 1 failed"):
        SeedRunner(task(defence="prayer"), (1,), tmp_path).run(1, lambda _: None)
    (tmp_path / "file").write_text("")
    with pytest.raises(DnswatchError, match="cannot write results"):
        SeedRunner(task(), (1,), tmp_path / "file").run(1, lambda _: None)


def test_results_are_those_of_the_very_same_comparison(tmp_path: Path) -> None:
    """Other days, another plan and another worm of the same name begin anew, each by itself."""
    worm = tmp_path / "own.toml"
    worm.write_text(shipped.text("slow"))
    first = identity(task(str(worm)))
    assert identity(task(str(worm))) == first
    worm.write_text(worm.read_text() + "# another one\n")
    others = {
        identity(task(days=0.2)),
        identity(task(more="[calendar]\nweekend = 0.2")),
        identity(task(str(worm))),
        identity(task()),
    }
    assert len(others | {first}) == 5


def test_one_more_defence_goes_on_with_what_is_there() -> None:
    """Results name their worm and defence: these are no part of what made them."""
    assert identity(task(defence="delay")) == identity(task(defence="quarantine"))


def test_two_comparisons_never_write_the_same_results(tmp_path: Path) -> None:
    """The second is told that somebody is at it, and runs nothing."""

    def meanwhile(_: float) -> None:
        with pytest.raises(DnswatchError, match="another comparison is writing"):
            SeedRunner(task(), (1,), tmp_path).run(1, lambda _: None)

    runner = SeedRunner(task(), (1,), tmp_path)
    runner.run(1, meanwhile)
    assert runner.finished() == 1
