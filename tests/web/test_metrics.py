"""Metrics, read by Prometheus's own tool."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.codes import Type
from dnswatch.model.changes import Changes
from dnswatch.model.health import HealthReport
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.store import Store
from dnswatch.store.directory import RunningServer
from dnswatch.web.metrics import Metrics, is_ready
from tests.live.tools import need
from tests.records import NOON, asked, changes, plain

MONITORING = Path(__file__).parent.parent.parent / "docs" / "monitoring"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SERVER = RunningServer(1, "0.1.0", NOON, "pure")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


def metrics() -> Metrics:
    return Metrics(NOON)


def told(made: Metrics, store: Store, now: float = NOON + 1, accept: str = "") -> str:
    with store.snapshot() as db:
        return made.exposition(db, SERVER, lambda key: Role.CLIENT, now, accept)[0].decode()


def busy(at: float = 0) -> Changes:
    """Some of everything: a worm's MX lookup, a client's address, an upstream, a strange type."""
    found = changes(
        [
            asked(at, "192.0.2.7", "a.example", Type.MX, exchanges=["mx.a.example"]),
            asked(at, "192.0.2.8", "b.example", Type.A, ["198.51.100.1"]),
            asked(at, "192.0.2.8", "secret-name.example", 65400),
        ],
        until=at,
    )
    found.hear(0, HealthReport("tls://9.9.9.9#private.example", True, 0.02, 3, 1))
    found.standings[bytes((192, 0, 2, 7))] = Standing(1.5, NOON + 1e6, NOON)
    return found


def test_metrics_tell_of_no_client_and_no_name(store: Store) -> None:
    """Labels come from closed sets: neither addresses, names nor an upstream's name leave."""
    store.write(busy(), plain, NOON)
    text = told(metrics(), store)
    assert not re.search(r"192\.0\.2|example|198\.51|9\.9\.9\.9|65400", text)
    assert 'dnswatch_lookups_by_type_total{qtype="other"} 1.0' in text
    assert 'dnswatch_mail_lookups_total{kind="mx"} 1.0' in text
    assert 'dnswatch_clients{state="infected"} 1.0' in text
    assert 'dnswatch_upstream_up{upstream="0-tls",worker="0"} 1.0' in text
    assert 'dnswatch_build_info{build="pure",version="0.1.0"} 1.0' in text


def test_a_counter_never_falls(store: Store) -> None:
    """What retention takes from the store stays counted."""
    store.write(busy(), plain, NOON)
    made = metrics()
    assert "dnswatch_lookups_total 3.0" in told(made, store)
    assert "dnswatch_lookups_total 3.0" in told(made, store, NOON + 7200)
    with store.snapshot() as db:
        db.execute("DELETE FROM site")
        db.execute("DELETE FROM tally")
    store.write(busy(7200), plain, NOON + 7200)
    text = told(made, store, NOON + 7201)
    assert "dnswatch_lookups_total 6.0" in text
    assert 'dnswatch_mail_lookups_total{kind="mx"} 2.0' in text


def test_whether_it_is_ready(store: Store) -> None:
    """It is not before the watch has written, nor a minute after it wrote last."""
    with store.snapshot() as db:
        assert not is_ready(db, NOON)
    store.write(busy(), plain, NOON)
    with store.snapshot() as db:
        assert is_ready(db, NOON + 30)
        assert not is_ready(db, NOON + 61)


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_both_forms_are_given(store: Store, accept: str) -> None:
    """Who asks for OpenMetrics gets it."""
    store.write(busy(), plain, NOON)
    assert told(metrics(), store, accept=accept).endswith("# EOF\n") == bool(accept)


def test_prometheus_finds_nothing_wrong(store: Store) -> None:
    """`promtool` accepts the metrics and the shipped alerts."""
    store.write(busy(), plain, NOON)
    promtool = need("promtool")
    text = told(metrics(), store)
    for command, given in (
        (["check", "metrics"], text),
        (["check", "rules", str(MONITORING / "alerts.yml")], ""),
    ):
        done = subprocess.run(
            [promtool, *command], input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_shipped_asks_for_what_there_is(store: Store) -> None:
    """Every metric that the dashboard or an alert names is told."""
    store.write(busy(), plain, NOON)
    there = set(re.findall(r"^(dnswatch_\w+)", told(metrics(), store), re.MULTILINE))
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    asks = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asks.append((MONITORING / "alerts.yml").read_text())
    named = {name for ask in asks for name in re.findall(r"\bdnswatch_\w+", ask)}
    assert named
    assert named - {"dnswatch_enforced_total"} <= there
