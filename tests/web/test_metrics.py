"""Metrics, read by Prometheus's own tool."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dnswatch.bay.findings import FindingsWriter
from dnswatch.bay.queue.index import Index
from dnswatch.bay.record import Answered, Decision, DeliveryOutcome, Judged, Opinion
from dnswatch.bay.spool import Spool
from dnswatch.codes import Type
from dnswatch.fleet.view import FleetNode, FleetView
from dnswatch.model.changes import Changes
from dnswatch.model.durations import BOUNDS, AnswerTimes
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Origin
from dnswatch.model.policies.mark import Action, Mark, Terms
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.store import Store
from dnswatch.store.directory import RunningServer, ServerProcess
from dnswatch.web.metrics import Beside, Metrics, is_ready
from tests.bay.messages import envelope
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


def told(
    made: Metrics, store: Store, now: float = NOON + 1, accept: str = "", **beside: Any
) -> str:
    with store.snapshot() as db:
        found = Beside(SERVER, lambda key: Role.CLIENT, **beside)
        return made.exposition(db, found, now, accept)[0].decode()


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
    found.counters[int(NOON) // 60] = Counter(reports_lost=1)
    found.hear(0, HealthReport("tls://9.9.9.9#private.example", True, 0.02, 3, 1))
    found.standings[bytes((192, 0, 2, 7))] = Standing(1.5, NOON + 1e6, NOON)
    return found


@contextmanager
def all_beside(folder: Path) -> Iterator[dict[str, Any]]:
    """What does not stand in the records: a mark, a held message, a sink that is behind."""
    spool = Spool(folder / "bay")
    spool.claim()
    mail = replace(envelope(), at=NOON, key="192.0.2.7")
    ident = mail.ident
    draft = spool.draft(ident)
    draft.write(b"Subject: secret-name\r\n\r\n")
    spool.put(draft, mail)
    clamav = Opinion(inspector="clamav", says="not-scanned", reason="away")
    rspamd = Opinion(inspector="rspamd", says="clean", reason="nothing")
    spool.append(
        ident,
        Judged(at=NOON, verdict="unsure", opinions=(clamav, rspamd)),
        Decision(at=NOON, fate="hold"),
        Answered(at=NOON, code=250),
        DeliveryOutcome(at=NOON, recipient="a@b.example", result="delivered", text="250 ok"),
        DeliveryOutcome(at=NOON, recipient="c@b.example", result="refused", text="550 no"),
    )
    writer = FindingsWriter(folder, spool.take_counts, lambda: NOON)
    writer.flush()
    mark = Mark(bytes((192, 0, 2, 7)), "ladder", Action.DELAY, Terms(), (), NOON + 60, True)
    with Index(spool) as index:
        index.catch_up()
        yield {
            "processes": [ServerProcess("watch", 7, 0), ServerProcess("worker 0", 0, 2)],
            "marks": [mark],
            "mail": index,
            "sinks": {"0-https": 3},
        }
    spool.close()


def test_metrics_tell_of_no_client_and_no_name(store: Store) -> None:
    """Labels come from closed sets: neither addresses, names nor an upstream's name leave."""
    store.write(busy(), plain, NOON)
    text = told(metrics(), store)
    assert not re.search(r"192\.0\.2|example|198\.51|9\.9\.9\.9|65400", text)
    assert 'dnswatch_lookups_by_type_total{qtype="other"} 1.0' in text
    assert 'dnswatch_mail_lookups_total{kind="mx"} 1.0' in text
    assert 'dnswatch_clients{state="infected"} 1.0' in text
    assert 'dnswatch_clients{state="clean"} 1.0' in text
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


def test_novel_domains_are_told_apart_from_events(store: Store) -> None:
    """They have a metric of their own, and are 0 before there are any."""
    assert "dnswatch_novel_domains_total 0.0" in told(metrics(), store)
    found = Changes()
    found.counters[int(NOON) // 60].update({"novel_domains": 7})
    store.write(found, plain, NOON)
    text = told(metrics(), store)
    assert "dnswatch_novel_domains_total 7.0" in text
    assert 'what="novel_domains"' not in text


def test_each_lookup_has_one_origin(store: Store) -> None:
    """What answered is told of all lookups, and together they are as many as there were."""
    origins = [Origin.UPSTREAM, Origin.UPSTREAM, *(Origin(number) for number in range(1, 5))]
    lookups = [asked(0, "192.0.2.7", "a.example", origin=origin) for origin in origins]
    store.write(changes(lookups), plain, NOON)
    found = re.findall(r'lookups_by_origin_total{origin="(\w+)"} (\d)', told(metrics(), store))
    assert dict(found) == {"upstream": "2", "cache": "1", "stale": "1", "local": "1", "failed": "1"}


def test_whether_it_is_ready(store: Store) -> None:
    """It is not before the watch has written, nor a minute after it wrote last."""
    with store.snapshot() as db:
        assert not is_ready(db, NOON)
    store.write(busy(), plain, NOON)
    with store.snapshot() as db:
        assert is_ready(db, NOON + 30)
        assert not is_ready(db, NOON + 61)


def test_the_bay_marks_and_sinks_are_told(store: Store, tmp_path: Path) -> None:
    """Messages by state, what came of them, who could not scan, marks, and who is behind."""
    store.write(busy(), plain, NOON)
    with all_beside(tmp_path) as beside:
        text = told(metrics(), store, NOON + 50, **beside)
    assert not re.search(r"192\.0\.2|example|secret", text)
    for line in (
        'dnswatch_process_up{process="watch"} 1.0',
        'dnswatch_process_up{process="worker 0"} 0.0',
        'dnswatch_process_restarts_total{process="worker 0"} 2.0',
        'dnswatch_marks{action="delay",dry_run="1",policy="ladder"} 1.0',
        'dnswatch_bay_messages{state="held"} 1.0',
        'dnswatch_bay_messages{state="released"} 0.0',
        "dnswatch_bay_oldest_seconds 50.0",
        "dnswatch_bay_accepted_total 1.0",
        "dnswatch_bay_released_total 1.0",
        'dnswatch_bay_delivery_failures_total{result="refused"} 1.0',
        'dnswatch_inspector_up{inspector="clamav"} 0.0',
        'dnswatch_inspector_up{inspector="rspamd"} 1.0',
        'dnswatch_sink_behind{sink="0-https"} 3.0',
    ):
        assert line in text.splitlines()


def test_answer_times_are_a_histogram(store: Store) -> None:
    """What workers counted becomes cumulative buckets by transport, up to all of them."""
    times = AnswerTimes()
    for seconds in (0.0004, 0.02, 0.02, 7.0):
        times.add(False, seconds)
    times.add(True, 0.1)
    found = busy()
    found.counters[int(NOON) // 60] = Counter(times.take())
    store.write(found, plain, NOON)
    text = told(metrics(), store)
    name = "dnswatch_answer_duration_seconds"
    udp = re.findall(rf'{name}_bucket{{le="([^"]+)",transport="udp"}} (\S+)', text)
    assert [bound for bound, _ in udp] == [*map(str, BOUNDS), "+Inf"]
    assert [float(count) for _, count in udp] == [1] * 4 + [3] * 8 + [4]
    assert f'{name}_sum{{transport="udp"}} 7.0404' in text
    assert f'{name}_bucket{{le="0.1",transport="tcp"}} 1.0' in text
    assert "answer_time" not in text


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_both_forms_are_given(store: Store, accept: str) -> None:
    """Who asks for OpenMetrics gets it."""
    store.write(busy(), plain, NOON)
    assert told(metrics(), store, accept=accept).endswith("# EOF\n") == bool(accept)


def test_prometheus_finds_nothing_wrong(store: Store, tmp_path: Path) -> None:
    """`promtool` accepts the metrics and the shipped alerts."""
    store.write(busy(), plain, NOON)
    promtool = need("promtool")
    with all_beside(tmp_path) as beside:
        text = told(metrics(), store, **beside)
    for command, given in (
        (["check", "metrics"], text),
        (["check", "rules", str(MONITORING / "alerts.yml")], ""),
    ):
        done = subprocess.run(
            [promtool, *command], input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_shipped_asks_for_what_there_is(store: Store, tmp_path: Path) -> None:
    """Every metric that the dashboard or an alert names is told."""
    store.write(busy(), plain, NOON)
    with all_beside(tmp_path) as beside:
        text = told(metrics(), store, **beside)
    there = set(re.findall(r"^(dnswatch_\w+)", text, re.MULTILINE))
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    asks = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asks.append((MONITORING / "alerts.yml").read_text())
    named = {name for ask in asks for name in re.findall(r"\bdnswatch_\w+", ask)}
    assert named
    assert named - {"dnswatch_enforced_total"} <= there


def test_a_node_of_a_fleet_tells_its_part(store: Store) -> None:
    """Whether it leads, since when it is apart, and how far behind it is; nothing without one."""
    assert "dnswatch_fleet" not in told(metrics(), store)
    node = FleetNode("b", False, 3, 4, -0.3)
    view = FleetView("campus", "b", "e:1", "a", NOON, [node], NOON - 59, 12_000, 7, "")
    lines = told(metrics(), store, fleet=view).splitlines()
    assert {
        "dnswatch_fleet_leads 0.0",
        "dnswatch_fleet_apart_seconds 60.0",
        "dnswatch_fleet_batches_kept 12000.0",
        "dnswatch_fleet_batches_lost_total 7.0",
        "dnswatch_fleet_clock_skew_seconds -0.3",
        "dnswatch_fleet_versions_behind 3.0",
    } <= set(lines)
