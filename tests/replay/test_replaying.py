"""Replaying: from a capture to records, a data set and a summary."""

from pathlib import Path

import pyarrow.parquet as pq

from dnswatch.replay.folding import Folding
from dnswatch.replay.replaying import Replay
from dnswatch.settings import Source
from dnswatch.sources.crew import Crew
from dnswatch.sources.dataset import DataSet
from dnswatch.sources.stream import Stream
from dnswatch.store import Store
from tests.replay.scene import VICTIMS, capture
from tests.sources.packets import NOON


def test_one_pass_keeps_all_that_is_wanted(tmp_path: Path) -> None:
    """Records, a data set, and the summary agree."""
    stream = Stream([str(capture(tmp_path))], Crew(1))
    source = Source("", "test", None, None, None)
    folding = Folding(tmp_path / "state", source, frozenset())
    with DataSet(tmp_path / "data") as data:
        run = Replay(stream, folding, data)
        positions = list(run.run())
    folding.close()
    summary = run.summary
    assert positions == sorted(positions)
    assert positions[-1] == stream.size
    assert summary.census["queries"] == summary.census["answered"] == 2 * VICTIMS + 1
    assert (summary.census["mx"], summary.census["smtp"]) == (VICTIMS, VICTIMS)
    assert len(summary.clients) == 2
    assert summary.begun == NOON - 300 + 0.1
    assert not summary.is_damaged
    with Store.read(tmp_path / "state") as store, store.snapshot() as db:
        assert db.conn.execute("SELECT count(*) FROM lookup").fetchone() == (2 * VICTIMS,)
    assert pq.read_table(tmp_path / "data" / "observations").num_rows == 2 * VICTIMS + 1
    assert pq.read_table(tmp_path / "data" / "flows").num_rows == VICTIMS + 1


def test_translations_are_told_by_what_followed(tmp_path: Path) -> None:
    """The worm's are SMTP-related, the person's visit is HTTP-related."""
    run = Replay(Stream([str(capture(tmp_path))], Crew(1)), None, None)
    for _ in run.run():
        pass
    counts = run.summary.translations
    assert counts["smtp", "new"] == VICTIMS
    assert counts["http", "new"] + counts["http", "refresh"] == 1
    assert counts["tcp", "new"] + counts["tcp", "refresh"] == VICTIMS + 1
