"""Beside other resolvers: dnswatch answers nobody, and knows by dnstap what their clients asked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dns.message
import dns.query
import pytest

from dnswatch.replay.folding import Folding
from dnswatch.replay.replaying import Replay
from dnswatch.settings import Source
from dnswatch.sources.crew import Crew
from dnswatch.sources.stream import Stream
from dnswatch.store import Store
from tests import check
from tests.live.fronts import dnsdist
from tests.live.resolvers import Kept, unbound
from tests.live.site import Site
from tests.records import accounts, counters
from tests.upstream import Upstream

CLIENTS = [f"127.0.1.{number}" for number in range(1, 21)]
LOCAL = [
    line
    for number in range(40)
    for line in (
        f"d{number}.example. 60 MX 10 mx{number % 7}.example.",
        f"mx{number}.example. 60 A 192.0.2.{number}",
    )
]
LOOKUPS = 400
"""Of each resolver; of clients in turn, every second one for MX."""


class Beside(NamedTuple):
    """A site that only watches, and the resolvers that tell it."""

    site: Site
    unbound: int
    "Its port."
    dnsdist: int
    kept: Kept


@contextmanager
def resolvers(folder: Path) -> Iterator[Beside]:
    """Run unbound and dnsdist, both tapped by one dnswatch."""
    with ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        settings = {
            "serve.listen": [],
            "tap": [{"name": "both", "listen": f"unix:{folder}/tap.sock"}],
        }
        site = stack.enter_context(Site(folder, [upstream], settings, listens=False))
        check.eventually((folder / "tap.sock").exists)
        kept = Kept(folder / "kept.sock", folder / "tap.sock")
        stack.callback(kept.close)
        tap = f"""dnstap:
    dnstap-enable: yes
    dnstap-socket-path: "{folder}/kept.sock"
    dnstap-log-client-query-messages: yes
    dnstap-log-client-response-messages: yes
"""
        port = stack.enter_context(unbound(folder, LOCAL, tap))
        front = stack.enter_context(
            dnsdist(
                folder,
                f"""
            newServer("{upstream.url.removeprefix("udp://")}")
            pc = newPacketCache(1000)
            getPool(""):setCache(pc)
            tap = newFrameStreamUnixLogger("{folder}/kept.sock")
            addResponseAction(AllRule(), DnstapLogResponseAction("dnsdist", tap))
            addCacheHitResponseAction(AllRule(), DnstapLogResponseAction("dnsdist", tap))
        """,
            )
        )
        yield Beside(site, port, front, kept)


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """Unbound and dnsdist, to which clients have put their questions."""
    with resolvers(tmp_path_factory.mktemp("beside")) as beside:
        play(beside, LOOKUPS)
        check.eventually(lambda: heard(beside.site.state) >= 2 * LOOKUPS)
        yield beside


def play(beside: Beside, lookups: int) -> None:
    """Ask both resolvers, as many clients in turn."""
    for port in (beside.unbound, beside.dnsdist):
        for number in range(lookups):
            name, kind = (f"mx{number % 40}", "A") if number % 2 else (f"d{number % 40}", "MX")
            query = dns.message.make_query(f"{name}.example", kind)
            source = CLIENTS[number % len(CLIENTS)]
            dns.query.udp(query, "127.0.0.1", port=port, source=source, timeout=check.PATIENCE)


def heard(state: Path) -> int:
    """Count the lookups that stand in the accounts of the clients that `play` plays."""
    return sum(account["lookup"] for key, account in accounts(state).items() if key in CLIENTS)


def records(state: Path) -> tuple[dict[str, Counter[str]], list[tuple[Any, ...]]]:
    """Read accounts and mail-related lookups."""
    with Store.read(state) as store, store.snapshot() as db:
        rows = db.conn.execute(
            "SELECT round(at, 5), key, kind, domain, qname, qtype, rcode, new, refreshed, hits"
            " FROM lookup JOIN client ON client.id = lookup.client ORDER BY 1, 2, 3, 4, 5"
        ).fetchall()
    return accounts(state), rows


def test_what_is_told_live_is_what_a_replay_tells(beside: Beside, tmp_path: Path) -> None:
    """Each client's counts, each mail-related lookup and each event of the site cache, though two
    resolvers told of them at once, each late in its own way."""
    live = records(beside.site.state)
    folding = Folding(tmp_path / "state", Source("", "test"), frozenset())
    files = [str(file) for file in beside.kept.files]
    for _ in Replay(Stream(files, Crew(1)), folding, None).run():
        pass
    folding.close()
    replayed = records(tmp_path / "state")
    assert live == replayed
    assert sum(account["mail:mx"] for account in live[0].values()) >= LOOKUPS


def test_nothing_of_it_was_lost_or_late(beside: Beside) -> None:
    """And `status` says who tells, and that nobody is answered here."""
    found = counters(beside.site.state)
    assert not found["observations_late"]
    assert found["tap_frames"] >= 3 * LOOKUPS  # unbound tells of queries and responses
    [point] = beside.site.told("status")["vantage_points"]
    assert (point["name"], point["dropped"], point["late"]) == ("both", 0, 0)
    assert "answering on nothing" in beside.site.log("ready:")[0]
