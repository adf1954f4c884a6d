"""Places: data sets by name, or captures."""

from pathlib import Path

import pytest
import typer

from dnswatch.lab.commands.studies.places import named, places
from tests.lab.study.captures import capture


def test_a_trace_is_called_by_its_folder_or_its_name(tmp_path: Path) -> None:
    """`NAME=DIR` names a trace; else its folder does."""
    for name in ("august", "jan=uary"):
        (tmp_path / name).mkdir()
    with places([f"sobig={tmp_path / 'august'}", str(tmp_path / "jan=uary")],
                is_remote=False) as found:  # fmt: skip
        assert found == [
            ("sobig", str(tmp_path / "august")),
            ("jan-uary", str(tmp_path / "jan=uary")),
        ]


def test_a_cluster_has_its_own_places() -> None:
    """A URL is a place for an engine that can read it."""
    with places(["sobig=s3a://bucket/august"], is_remote=True) as found:
        assert found == [("sobig", "s3a://bucket/august")]
    with pytest.raises(typer.BadParameter, match="neither a directory"):
        places(["s3a://bucket/august"], is_remote=False).__enter__()


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """Neither folder nor file, the same name twice, or a mixture, are wrong usage."""
    (tmp_path / "one").mkdir()
    (tmp_path / "file.pcap").write_bytes(b"")
    one, file = str(tmp_path / "one"), str(tmp_path / "file.pcap")
    for what, said in (
        ([str(tmp_path / "absent")], "neither a directory with a data set nor a capture"),
        ([one, one], "two traces are called 'one': name them, NAME=DIR"),
        ([one, file], "not both"),
    ):
        with pytest.raises(typer.BadParameter, match=said):
            places(what, is_remote=False).__enter__()


def test_captures_become_a_data_set() -> None:
    """Captures are replayed into one trace, which is gone afterwards."""
    with places([str(capture("zeek-smtp.pcap"))], is_remote=False) as found:
        [(name, place)] = found
        assert name == "zeek-smtp"
        assert list(Path(place).glob("flows/day=*/part-*.parquet"))
    assert not Path(place).exists()


@pytest.mark.parametrize(
    ("text", "pair"),
    [("sobig=a/b", ("sobig", "a/b")), ("a/b", ("", "a/b")), ("a/b=c", ("", "a/b=c"))],
)
def test_a_name_stands_before_its_value(text: str, pair: tuple[str, str]) -> None:
    """What is before the first `=` is a name if it can be one."""
    assert named(text) == pair
