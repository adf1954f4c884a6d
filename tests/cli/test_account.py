"""The account of one client: each measure beside the others, and the last lookups."""

from pathlib import Path

from dnswatch.model.observation import Origin
from tests.cli.conftest import Read, Run
from tests.records import asked, record, worm


def test_a_report_tells_each_measure_beside_the_median(read: Read) -> None:
    """Lookups in all, by type, by kind and by rcode stand beside the median of the others."""
    report = read("report", "--client", "10.0.0.66")
    counts = {
        m: (each["count"], each["median_of_others"]) for m, each in report["measures"].items()
    }
    assert report["others"] == 3
    assert counts == {
        "lookup": (30, 3),
        "type:A": (20, 2),
        "type:MX": (10, 0),
        "mail": (30, 0),
        "mail:mx": (10, 0),
        "mail:exchange": (10, 0),
        "mail:implicit-mx": (0, 0),
        "mail:guess": (10, 0),
        "mail-domains": (10, 0),
        "exchanges": (10, 0),
        "new": (10, 0),
        "refresh": (0, 2),
        "hit": (0, 1),
        "cached": (0, 1),
        "stale": (0, 0),
        "failed": (0, 0),
        "redirected": (0, 0),
        "challenged": (0, 0),
        "limited": (0, 0),
        "failures": (10, 0),
        "rcode:NXDOMAIN": (10, 0),
    }


def test_a_report_ends_with_the_last_mail_related_lookups(read: Read) -> None:
    """The last mail-related lookups are told one by one, the latest first."""
    lookups = read("report", "--client", "10.0.0.66", "--limit", "2")["last_mail_related"]
    assert [lookup["qname"] for lookup in lookups] == ["smtp.victim9.example", "mx.victim9.example"]
    assert lookups[1]["redirected"] is False
    assert lookups[1] == {
        "at": "2026-11-23T12:09:01+00:00",
        "client": "10.0.0.66",
        "kind": "exchange",
        "domain": "victim9.example",
        "qname": "mx.victim9.example",
        "qtype": "A",
        "rcode": "NOERROR",
        "addresses": [["192.0.2.9", 300]],
        "exchanges": [],
        "new": 1,
        "refresh": 0,
        "hit": 0,
        "redirected": False,
        "policy": None,
        "decided": None,
        "dry_run": False,
    }


def test_the_text_tells_what_the_json_tells(run: Run) -> None:
    """The table of a client shows its counts beside the median, under names a person knows."""
    lines = [line.split("  ") for line in run("report", "--client", "10.0.0.66").splitlines()]
    words = {tuple(word.strip() for word in line if word.strip()) for line in lines}
    assert {
        ("mail-related lookups", "30", "0"),
        ("guessed name", "10", "0"),
        ("distinct mail domains", "10", "0"),
        ("NXDOMAIN", "10", "0"),
    } <= words


def test_what_upstreams_failed_to_answer_is_told(tmp_path: Path, read: Read) -> None:
    """Lookups answered stale, failed or redirected are told apart."""
    state = tmp_path / "failing"
    record(
        state,
        [
            asked(0, "10.0.0.1", "a.example", rcode=2, origin=Origin.FAILED),
            asked(1, "10.0.0.1", "b.example", gives=["192.0.2.1"], origin=Origin.STALE),
            asked(2, "10.0.0.1", "c.example", redirected=True),
        ],
    )
    measures = read("report", "--client", "10.0.0.1", "--state", str(state))["measures"]
    told = {measure: measures[measure]["count"] for measure in ("failed", "stale", "redirected")}
    assert told == {"failed": 1, "stale": 1, "redirected": 1}
    assert measures["rcode:SERVFAIL"]["count"] == 1


def test_the_worm_stands_for_itself(tmp_path: Path, read: Read) -> None:
    """A site's only client has nobody beside it, and is reported all the same."""
    state = tmp_path / "alone"
    record(state, worm())
    assert read("report", "--client", "10.0.0.66", "--state", str(state))["others"] == 0
