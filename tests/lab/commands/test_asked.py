"""Places: data sets by name, or captures."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer

from dnswatch.lab.commands.asked import Asked, moment, named, places, zone_of
from dnswatch.lab.study.question import TraceQuestion
from dnswatch.lab.study.trace import TranslationView
from dnswatch.settings import Settings
from tests.lab.study.captures import capture


def test_a_trace_is_called_by_its_folder_or_its_name(tmp_path: Path) -> None:
    """`NAME=DIR` names a trace; else its folder does."""
    for name in ("august", "jan=uary"):
        (tmp_path / name).mkdir()
    with places(
        [f"sobig={tmp_path / 'august'}", str(tmp_path / "jan=uary")], is_remote=False
    ) as found:
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


PLACES = [("sobig", "august"), ("mydoom", "january")]


def ask(
    outbreaks: list[str] | None = None, sizes: list[str] | None = None, **options: Any
) -> list[TraceQuestion]:
    """Ask of two traces."""
    plain = {
        "settings": Settings(),
        "groups": None,
        "site": (),
        "begin": None,
        "end": None,
        "width": "1d",
        "zone": "UTC",
        "window": "60s",
        "view": "edge",
        "per": "active",
    }
    return Asked(**{**plain, **options}).questions(PLACES, outbreaks or [], sizes or [])


def test_every_option_reaches_the_question() -> None:
    """What is typed is asked of each trace."""
    sobig, mydoom = ask(
        site=["192.0.2.0/24"],
        begin="2003-08-05",
        end="2003-09-06 12:00",
        width="1h",
        window="10s",
        view="client",
        per="member",
        zone="America/New_York",
    )
    assert (sobig.name, sobig.place) == PLACES[0]
    assert sobig.networks == [ip_network("192.0.2.0/24")]
    assert sobig.begin == 1_060_041_600 + 4 * 3600
    assert sobig.end == 1_062_864_000
    assert (sobig.width, sobig.window, sobig.view, sobig.per_member) == (
        3600,
        10,
        TranslationView.CLIENT,
        True,
    )
    assert (mydoom.name, mydoom.zone) == ("mydoom", ZoneInfo("America/New_York"))


def test_a_value_may_be_meant_for_one_trace() -> None:
    """`NAME=VALUE` holds for one trace, a bare value for the others."""
    sobig, mydoom = ask(["sobig=2003-08-17", "2004-01-26"], ["sobig=100kB"])
    assert (sobig.onset, mydoom.onset) == (1_061_078_400, 1_075_075_200)
    assert (sobig.worm_bytes, mydoom.worm_bytes) == (100_000, None)


def test_the_sites_networks_are_the_configured_ones() -> None:
    """Without --site those whose clients are answered are the site."""
    assert ip_network("10.0.0.0/8") in ask()[0].networks


def test_groups_are_read_for_each_trace(tmp_path: Path) -> None:
    """A groups file may tell traces apart."""
    path = tmp_path / "groups.toml"
    path.write_text('[sobig]\ninfected = ["192.0.2.7"]\n')
    sobig, mydoom = ask(groups=path)
    assert sobig.declared.names_infected
    assert not mydoom.declared.names_infected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": "soon"}, "'soon': expected a duration"),
        ({"window": "1"}, "'1': expected a duration"),
        ({"begin": "yesterday"}, "'yesterday': expected a date"),
        ({"site": ["home"]}, "'home': expected"),
        ({"zone": "Mars/Olympus"}, "there is no zone 'Mars/Olympus'"),
        ({"outbreaks": ["slammer=2003-01-25"]}, "no trace is called 'slammer', only sobig, mydoom"),
        ({"sizes": ["big"]}, "'big': expected a size"),
    ],
)
def test_what_cannot_be_read_is_said(options: dict[str, Any], said: str) -> None:
    """Wrong usage names the value and what would be right."""
    with pytest.raises(typer.BadParameter, match=said):
        ask(**options)


def test_days_are_local_unless_a_zone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone is that of TZ, else of this machine."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert zone_of(None) == ZoneInfo("Europe/Berlin")
    monkeypatch.delenv("TZ")
    assert zone_of(None).key


def test_a_date_may_bring_its_zone() -> None:
    """A moment with an offset is that moment, wherever."""
    assert moment("2003-08-05T02:00+02:00", ZoneInfo("America/New_York")) == 1_060_041_600
