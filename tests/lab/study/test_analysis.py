"""The analysis: a trace with planted truth, whose every count must be found."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from dnswatch.lab.study.analysis import analyse
from dnswatch.lab.study.engine import Engine, duckdb
from dnswatch.lab.study.hosts import Declared, HostGroup
from dnswatch.lab.study.measured import MeasuredTrace
from dnswatch.lab.study.question import TraceQuestion
from dnswatch.lab.study.trace import TranslationView
from dnswatch.settings import Roles, Subnet
from tests.lab.study import planted, truth
from tests.lab.study.planted import MYDOOM, SMALL, SOBIG, Plan

ROLES = Roles(mail_servers=(Subnet("10.2.0.0/24"),), resolvers=(Subnet("10.3.0.0/24"),))


def question(place: Path, name: str = "planted") -> TraceQuestion:
    """Ask of a planted trace, telling no more than a site would know."""
    return TraceQuestion(
        name, str(place), [ip_network("10.0.0.0/8")], ROLES, worm_bytes=planted.WORM_BYTES
    )


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Compute with DuckDB."""
    with duckdb() as found:
        yield found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write three days of twenty hosts."""
    place = tmp_path_factory.mktemp("small")
    planted.write(place, SMALL)
    return place


def agree(trace: MeasuredTrace, plan: Plan) -> None:
    """Compare every count of every group on every day."""
    days = range(plan.days)
    assert len(trace.daily.bins) == plan.days
    wanted = [truth.of(plan, day) for day in days]
    for (group, measure), counts in trace.daily.columns.items():
        assert counts == [wanted[day][group].get(measure, 0) for day in days], (group, measure)
    for group in HostGroup:
        for measure in wanted[-1][group]:
            assert (group, measure) in trace.daily.columns
    for kind, counts in trace.daily.cache.items():
        assert counts == [truth.cache(plan, day)[kind] for day in days], kind


@pytest.mark.parametrize("plan", [SOBIG, MYDOOM], ids=["sobig", "mydoom"])
def test_what_was_planted_is_found(tmp_path: Path, engine: Engine, plan: Plan) -> None:
    """Of 1,128 hosts in 32 and 22 days, every count of the study is exactly what was planted."""
    planted.write(tmp_path, plan)
    trace = analyse(engine, question(tmp_path))
    infected = sorted(planted.client(number) for number in range(plan.infected))
    assert trace.census.of(HostGroup.INFECTED) == infected
    assert len(trace.census.of(HostGroup.NORMAL)) == plan.clients - plan.infected
    assert len(trace.census.of(HostGroup.MAIL_SERVERS)) == planted.MAIL_SERVERS
    assert len(trace.census.of(HostGroup.OTHER)) == planted.DNS_SERVERS
    assert trace.onset
    assert trace.onset.day == trace.jump == plan.onset
    assert not trace.remarks
    agree(trace, plan)


def test_other_bins_hold_the_same_in_sum(small: Path, engine: Engine) -> None:
    """By the hour, flows and translations add up to those of the day."""
    trace = analyse(engine, replace(question(small), width=3600))
    agree(trace, SMALL)
    assert len(trace.shown.bins) % 24 <= 13
    for measure in ("tcp", "smtp_success", "http_new", "tcp_refresh"):
        by_hour = trace.shown.total(measure, None, range(len(trace.shown.bins)))
        assert by_hour == trace.daily.total(measure, None, range(3))


def test_received_answers_count_where_clients_are_asked_about(small: Path, engine: Engine) -> None:
    """In the view of clients a hit is a refresh, and a host's own first contact decides."""
    trace = analyse(engine, replace(question(small), view=TranslationView.CLIENT))
    hosts = SMALL.at_work(0)
    # The hit comes after the first flow; the contact that follows both it and the second lookup
    # comes 50 s later.
    assert trace.daily.counts("http_refresh", HostGroup.NORMAL)[0] == 2 * hosts
    assert trace.daily.counts("http_new", HostGroup.NORMAL)[0] == planted.ADDRESSES * hosts
    edge = truth.of(SMALL, 1)[HostGroup.INFECTED]
    assert trace.daily.counts("smtp_new", HostGroup.INFECTED)[1] == edge["smtp_new"]


def test_a_shorter_window_relates_less(small: Path, engine: Engine) -> None:
    """What is contacted after the window is related to nothing."""
    trace = analyse(engine, replace(question(small), view=TranslationView.CLIENT, window=10.0))
    assert trace.daily.counts("http_refresh", HostGroup.NORMAL)[0] == SMALL.at_work(0)


def test_payloads_tell_a_busy_sender_from_the_infected(small: Path, engine: Engine) -> None:
    """Whose mails are not as long as the worm is not taken for infected."""
    trace = analyse(engine, replace(question(small), worm_bytes=planted.WORM_BYTES // 10))
    assert not trace.census.of(HostGroup.INFECTED)


def test_a_declared_host_is_believed(small: Path, engine: Engine) -> None:
    """Who is infected according to a file is infected, and nobody else."""
    told = Declared({ip_network(planted.client(7)): HostGroup.INFECTED}, "groups.toml")
    trace = analyse(engine, replace(question(small), declared=told))
    assert trace.census.of(HostGroup.INFECTED) == [planted.client(7)]
    assert trace.census.source == "groups.toml"


def test_half_a_trace_tells_half(small: Path, engine: Engine, tmp_path: Path) -> None:
    """Flows without lookups still give flows; lookups without flows still give the site cache."""
    (tmp_path / "flows").symlink_to(small / "flows")
    trace = analyse(engine, question(tmp_path))
    assert trace.has_flows
    assert not trace.has_lookups
    assert (
        trace.daily.counts("tcp", HostGroup.NORMAL)[0]
        == truth.of(SMALL, 0)[HostGroup.NORMAL]["tcp"]
    )
    lookups = tmp_path / "lookups"
    lookups.mkdir()
    (lookups / "observations").symlink_to(small / "observations")
    trace = analyse(engine, question(lookups))
    assert not trace.has_flows
    assert trace.daily.cache["new"][0] == truth.cache(SMALL, 0)["new"]
    assert trace.onset is None
    assert any("no outbreak" in remark.lower() for remark in trace.remarks)
