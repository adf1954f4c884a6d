"""The board: seeds in parallel, and what is finished is kept."""

from pathlib import Path

import pytest

from dnswatch.campus.compare.board import Board
from dnswatch.campus.compare.runs import Case, Task
from dnswatch.errors import DnswatchError
from dnswatch.serve.policies import texts
from tests.campus.scene import plan


def task(worm: str) -> Task:
    chosen = plan("[outbreak]\nfirst = 1\nbackscatter = 0")
    return Task(chosen, texts(""), (Case(worm, "nothing"),), 1.0, 0.1)


def test_each_seed_leaves_its_results(tmp_path: Path) -> None:
    """How many are finished is told, and a second run finds all done."""
    told: list[float] = []
    board = Board(task("slow"), (1, 2), tmp_path / "out")
    board.run(2, told.append)
    assert (board.total, board.finished(), told[-1]) == (2, 2, 2)
    before = sorted(path.read_bytes() for path in (tmp_path / "out").iterdir())
    board.run(1, told.append)
    assert sorted(path.read_bytes() for path in (tmp_path / "out").iterdir()) == before


def test_a_seed_that_fails_ends_the_comparison_with_a_sentence(tmp_path: Path) -> None:
    """What is finished stays; a place that cannot be written to is named."""
    with pytest.raises(DnswatchError, match="seed 1 failed"):
        Board(task("no-such-worm"), (1,), tmp_path).run(1, lambda _: None)
    (tmp_path / "file").write_text("")
    with pytest.raises(DnswatchError, match="cannot write results"):
        Board(task("slow"), (1,), tmp_path / "file").run(1, lambda _: None)
