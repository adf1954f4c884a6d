"""`dnswatch bay reindex`."""

from dnswatch.bay.queue.index import FILE
from dnswatch.bay.spool import Spool
from tests.cli.conftest import Read, Run


def test_the_index_is_made_anew(run: Run, read: Read, bay: Spool) -> None:
    """From the records alone, whatever became of the file."""
    before = read("bay", "list")
    (bay.path / FILE).unlink()
    assert "3 messages" in run("bay", "reindex")
    assert read("bay", "list") == before
    assert read("bay", "reindex") == {"messages": 3, "damaged": []}


def test_a_damaged_record_is_named(run: Run, bay: Spool) -> None:
    """The rest is in the index, and the exit code says that something is wrong."""
    bad = bay.idents()[0]
    record = bay.path / "records" / f"{bad}.jsonl"
    record.write_bytes(b"{}\n" + record.read_bytes())
    assert bad in run("bay", "reindex", exit_code=1)
