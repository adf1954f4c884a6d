"""The watch process keeps what workers tell it, whatever happens to it or its disk."""

import signal
import time
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address
from math import inf, nan
from pathlib import Path

import pytest

from dnswatch.codes import Type
from dnswatch.model.observation import Observation, Origin, Tally
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.seams.batch import STARTED, HealthReport, Lessons
from dnswatch.store import Store, orders
from dnswatch.wire.name import from_text
from tests.check import PATIENCE, eventually
from tests.watchdog.process import QUIET, Site, saw

ALICE, BOB = ip_address("192.0.2.7").packed, ip_address("2001:db8::7").packed
WEB, MAIL = ip_address("198.51.100.1").packed, ip_address("198.51.100.25").packed
STANDING = "SELECT client, since FROM quarantined WHERE until IS NULL ORDER BY client"
SITE, DOMAIN, MAILER = map(from_text, ("www.example.com", "example.org", "mx.example.net"))
QUARANTINE = f"{QUIET}[quarantine]\ni_have_authority = true\naddresses = ['192.0.2.250']\n"
PSEUDONYMS = f"{QUIET}[privacy]\npseudonyms = true\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site of two workers and their watch process."""
    with Site(tmp_path / "state", workers=2) as site:
        yield site


def mx(at: float) -> Observation:
    return saw(at, ALICE, DOMAIN, Type.MX, exchanges=(MAILER,), ttl=300)


def is_counted(site: Site, name: str, count: int) -> bool:
    return site.counter(name) == count


def taught(site: Site, worker: int) -> list[Lessons]:
    return list(site.lessons(worker))


def test_what_workers_send_stands_in_the_store(site: Site) -> None:
    """Lookups, tallies, counters and upstream health of all workers are recorded."""
    now = time.time()
    tallies = [Tally(BOB, Type.A, 0, 1, False, 40)]
    health = [HealthReport("udp://192.0.2.53", True, 0.01, 9, 1)]
    site.send(saw(now, ALICE, SITE, Type.A, WEB), counters={"mismatch": 2}, health=health)
    site.send(saw(now + 0.1, BOB, SITE, Type.A, WEB), worker=1, tallies=tallies)
    eventually(lambda: site.measure("lookup") == 42)
    assert [site.measure(name) for name in ("new", "refresh", "hit")] == [1, 1, 40]
    assert site.counter("mismatch") == 2
    assert site.rows("SELECT worker, upstream, answers FROM health") == [(0, "udp://192.0.2.53", 9)]
    assert {key for (key,) in site.rows("SELECT key FROM client")} == {"192.0.2.7", "2001:db8::7"}


def test_entries_expire_on_time_though_nothing_happens(site: Site) -> None:
    """Expiry needs no traffic: a life that ends is recorded while all are silent."""
    addresses = ((WEB, 1),)
    site.send(Observation(time.time(), ALICE, SITE, 1, 0, Origin.UPSTREAM, addresses))
    eventually(lambda: site.measure("expire") == 1)


@pytest.mark.parametrize("workers", [1, 3])
def test_told_to_stop_it_stores_what_waits(tmp_path: Path, workers: int) -> None:
    """SIGTERM loses nothing that was sent before, however little time there was to read it."""
    with Site(tmp_path / "state", workers) as site:
        eventually((site.state / "dnswatch.db").exists)
        for number in range(90):
            site.send(saw(time.time(), ALICE, SITE), worker=number % workers)
        assert site.stop() == 0
        assert site.measure("lookup") == 90


def test_it_ends_when_the_supervisor_is_gone(site: Site) -> None:
    """A watch without a supervisor stores what it has and leaves; no orphan stays."""
    site.send(saw(time.time(), ALICE, SITE))
    site.leave()
    assert site.process.wait(PATIENCE) == 0
    assert site.measure("lookup") == 1


def test_interrupt_is_the_supervisors_business(site: Site) -> None:
    """Ctrl-C reaches all processes of the terminal; the watch waits for the supervisor's word."""
    site.send(saw(time.time(), ALICE, SITE))
    eventually(lambda: site.measure("lookup") == 1)
    site.process.send_signal(signal.SIGINT)
    site.process.send_signal(signal.SIGHUP)
    site.send(saw(time.time(), ALICE, SITE))
    eventually(lambda: site.measure("lookup") == 2)


def test_a_killed_watch_loses_nothing_it_had_stored(site: Site) -> None:
    """After SIGKILL the store is whole, what waits is read, and the site cache is known again."""
    now = time.time()
    site.send(mx(now), saw(now + 0.1, ALICE, MAILER, Type.A, MAIL), worker=0, until=now + 0.2)
    site.send(worker=1, until=now + 0.2)
    eventually(lambda: site.measure("lookup") == 2)
    site.stop(signal.SIGKILL)
    site.send(saw(now + 1, BOB, MAILER, Type.A, MAIL), worker=1, until=now + 2)
    site.start()
    eventually(lambda: site.measure("lookup") == 3)
    assert (site.measure("new"), site.measure("refresh")) == (1, 1)
    assert site.rows("PRAGMA integrity_check") == [("ok",)]
    assert site.rows("SELECT kind, domain FROM lookup ORDER BY at") == [
        ("mx", "example.org"),
        ("exchange", "example.org"),
        ("exchange", "example.org"),
    ]


def test_a_killed_watch_loses_nothing_it_had_read(site: Site) -> None:
    """What was read when SIGKILL came, stored or not, is recorded once: lookups, also those that
    waited for the other worker, tallies, counters and health."""
    health = [HealthReport("udp://192.0.2.53", True, 0.01, 9, 1)]
    for number in range(1, 4):
        tallies = [Tally(BOB, Type.A, 0, 1, False, 40)]
        site.send(mx(time.time()), tallies=tallies, counters={"mismatch": 2}, health=health)
        eventually(lambda: list(site.lessons(worker=1)))  # it has read that
        if number % 2:
            eventually(partial(is_counted, site, "mismatch", 2 * number))
        site.stop(signal.SIGKILL)
        list(site.lessons(worker=1))
        site.start()
    eventually(lambda: list(site.lessons(worker=1)))
    eventually(lambda: site.measure("lookup") >= 3 * 41)
    assert site.stop() == 0
    assert (site.measure("lookup"), site.counter("mismatch")) == (3 * 41, 3 * 2)
    assert site.rows("SELECT answers, failures FROM health") == [(3 * 9, 3)]
    assert site.rows("SELECT count(*) FROM lookup") == [(3,)]


def test_a_watch_that_fails_is_not_followed_by_others_that_do(site: Site) -> None:
    """What a watch fails over, by a fault of ours, is not given to the next one."""
    site.send(saw(nan, ALICE, SITE), until=inf)
    assert site.process.wait(PATIENCE) == 1
    site.start()
    site.send(saw(time.time(), ALICE, SITE))
    eventually(lambda: site.measure("lookup") == 1)


def test_what_one_worker_learns_the_others_are_taught(site: Site) -> None:
    """An exchange that one worker saw in an MX answer is mail-related for the others at once."""
    site.send(mx(time.time()), worker=0)
    [lessons] = eventually(lambda: list(site.lessons(worker=1)))
    assert [name for name, *_ in lessons.exchanges] == [MAILER]
    assert [name for name, _ in lessons.domains] == [DOMAIN]
    assert list(site.lessons(worker=0)) == []


def test_a_worker_that_begins_anew_is_taught_everything(site: Site) -> None:
    """A restarted worker knows the exchanges that were learned before its time."""
    site.send(mx(time.time()), worker=0)
    eventually(lambda: list(site.lessons(worker=1)))
    eventually(lambda: site.measure("lookup"))
    site.send(worker=1, counters={STARTED: 1})
    [lessons] = eventually(lambda: list(site.lessons(worker=1)))
    assert [name for name, *_ in lessons.exchanges] == [MAILER]


def test_a_restarted_site_teaches_its_workers_what_it_knew(site: Site) -> None:
    """After a restart of everything workers need not see an MX answer again first."""
    site.send(mx(time.time()), worker=0)
    eventually(lambda: site.measure("lookup"))
    site.stop()
    list(site.lessons(worker=1))
    site.start()
    [first], [second] = (eventually(partial(taught, site, worker)) for worker in (0, 1))
    assert [name for name, *_ in first.exchanges] == [MAILER]
    assert second == first


def test_noise_on_a_line_is_counted(site: Site) -> None:
    """What is no batch is passed over, and what follows it is read."""
    site.send_raw(b"\xff\x00noise")
    site.send(saw(time.time(), ALICE, SITE))
    eventually(lambda: site.counter("batches_broken") == 1)
    eventually(lambda: site.measure("lookup") == 1)


def test_a_full_disk_stops_recording_for_as_long_as_it_is_full(site: Site) -> None:
    """It says so once, goes on watching, and stores all when there is room again."""
    site.send(saw(time.time(), ALICE, SITE))
    eventually(lambda: site.measure("lookup") == 1)
    site.limit_files(4096)
    site.send(mx(time.time()))
    eventually(lambda: site.said("nothing is recorded for now") == 1)
    site.send(mx(time.time()), mx(time.time()))
    site.limit_files(-1)
    eventually(lambda: site.said("recording goes on") == 1)
    eventually(lambda: site.measure("lookup") == 4)
    assert site.rows("SELECT count(*) FROM lookup") == [(3,)]
    assert site.said("nothing is recorded for now") == 1
    assert site.said("Traceback") == 0


def test_a_store_that_cannot_be_opened_does_not_stop_the_watch(tmp_path: Path) -> None:
    """Where the state directory is none, the admin is told once, and lessons still go out."""
    (tmp_path / "state").write_text("in the way")
    with Site(tmp_path / "state", workers=2) as site:
        site.send(mx(time.time()))
        eventually(lambda: list(site.lessons(worker=1)))
        eventually(lambda: site.said("nothing is recorded for now") == 1)
        (tmp_path / "state").unlink()
        eventually(lambda: site.measure("lookup") == 1)
        assert site.stop() == 0


def test_a_watch_that_began_without_its_records_writes_over_nothing(tmp_path: Path) -> None:
    """What was learned stays until a watch has read it; what was seen meanwhile is not missing."""

    def lead(to: str) -> None:
        (tmp_path / "other").symlink_to(tmp_path / to)
        (tmp_path / "other").replace(tmp_path / "state")

    learned = "SELECT state, judged FROM detector"
    (tmp_path / "kept").mkdir()
    (tmp_path / "no folder").touch()
    lead("kept")
    with Site(tmp_path / "state") as site:
        site.send(mx(time.time()))
        eventually(lambda: site.rows(learned))
        site.stop()
        [before] = site.rows(learned)
        lead("no folder")
        site.start()
        site.send(mx(time.time()))
        eventually(lambda: site.said("nothing is recorded for now") == 1)
        lead("kept")
        assert site.process.wait(PATIENCE) == 0
        assert site.said("begins anew with what they hold") == 1
        assert site.rows(learned) == [before]
        assert site.rows("SELECT count(*) FROM lookup") == [(2,)]
        site.start()
        eventually(lambda: site.rows(learned)[0][1] > before[1])


def test_the_bay_is_told_who_is_quarantined_over_restarts(tmp_path: Path) -> None:
    """A mark that ends while no watch runs has ended for the bay, too, once one runs again."""
    with Site(tmp_path / "state", config=QUARANTINE) as site:
        word = Overrule(Word.DISTRUST, time.time(), inf)
        eventually(lambda: site.rows("SELECT count(*) FROM client"))  # two that make it lock it
        with Store.open(site.state) as store, store.snapshot() as db:
            orders.enable(db, "quarantine", "alice", 1.0)
            orders.overrule(db, ["192.0.2.7", "2001:db8::7"], word)
        eventually(lambda: len(site.rows(STANDING)) == 2)
        since = site.rows(STANDING)
        site.stop(signal.SIGKILL)
        with Store.open(site.state) as store, store.snapshot() as db:
            orders.overrule(db, ["192.0.2.7"], Overrule(Word.TRUST, time.time(), inf))
        site.start()
        eventually(lambda: site.rows(STANDING) == since[1:])
        [(since, until)] = site.rows("SELECT since, until FROM quarantined WHERE until NOT NULL")
        assert since < until <= time.time()


def traces(site: Site, *needles: bytes) -> list[str]:
    """The files of a site, its log among them, that hold one of these needles."""
    files = [site.log, *(path for path in site.state.rglob("*") if path.is_file())]
    return [path.name for path in files for needle in needles if needle in path.read_bytes()]


def test_with_pseudonyms_no_address_stands_anywhere(tmp_path: Path) -> None:
    """Where the site wants it, neither store nor log holds a client's address in any form."""
    with Site(tmp_path / "state", config=PSEUDONYMS) as site:
        site.send(mx(time.time()), saw(time.time(), BOB, SITE, Type.A, WEB))
        eventually(lambda: site.measure("lookup") == 2)
        assert all(key.startswith("~") for (key,) in site.rows("SELECT key FROM client"))
        assert traces(site, b"192.0.2.7", ALICE, b"2001:db8::7", BOB) == []


def test_new_settings_take_force_while_it_runs(site: Site) -> None:
    """Pseudonyms that are switched on hold from then on; a broken configuration changes nothing."""
    site.configure(PSEUDONYMS)
    site.configure("[privacy]\npseudonyms = 3\n")
    eventually(lambda: site.said("new settings are refused") == 1)
    site.send(saw(time.time(), ALICE, SITE))
    eventually(lambda: site.measure("lookup") == 1)
    [(key,)] = site.rows("SELECT key FROM client")
    assert key.startswith("~")
