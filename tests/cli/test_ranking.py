"""The ranking of the clients: who comes first, and how it is told."""

import csv
import io

from tests.cli.conftest import Read, Run


def test_the_ranking_begins_with_the_worm(read: Read) -> None:
    """The client with most mail-related lookups comes first, with its exact counts."""
    first, *rest = read("report")["clients"]
    assert first == {
        "name": None,
        "addresses": ["10.0.0.66"],
        "machines": [],
        "role": "client",
        "first_seen": "2026-11-23T12:00:00+00:00",
        "last_seen": "2026-11-23T12:09:02+00:00",
        "lookups": 30,
        "mail_related": 30,
        "mail_domains": 10,
        "exchanges": 10,
        "new": 10,
        "refresh": 0,
        "hit": 0,
        "failures": 10,
        "redirected": 0,
        "challenged": 0,
        "limited": 0,
        "verdict": "clean",
        "over_time": {"lookups": [3] * 10, "mail_related": [3] * 10},
    }
    assert [client["lookups"] for client in rest] == [3, 3, 3]


def test_csv_holds_what_json_holds(run: Run, read: Read) -> None:
    """CSV has one row a client, with the numbers of the JSON."""
    rows = list(csv.DictReader(io.StringIO(run("report", "--csv"))))
    clients = read("report")["clients"]
    assert [row["addresses"] for row in rows] == [client["addresses"][0] for client in clients]
    assert [int(row["lookups"]) for row in rows] == [client["lookups"] for client in clients]
    measures = csv.DictReader(io.StringIO(run("report", "--client", "10.0.0.66", "--csv")))
    assert {row["measure"]: row["count"] for row in measures}["mail:mx"] == "10"
