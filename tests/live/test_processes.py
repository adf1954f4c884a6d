"""Processes that are killed, settings that change, disks that are full: DNS goes on."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import pytest

from dnswatch.store.directory import processes
from tests import check
from tests.behaviour import silent
from tests.live.site import Serve, Site, children
from tests.live.tools import lacking
from tests.upstream import Upstream

CLIENT = "127.0.0.31"


def ask_patiently(site: Site, name: str) -> None:
    """Ask as a stub does, again after a silence, and demand an answer."""
    for _ in range(5):
        with contextlib.suppress(dns.exception.Timeout):
            check.noerror(site.ask(name, source=CLIENT, patience=1))
            return
    pytest.fail(f"nobody answers for {name}")


def is_sound(site: Site) -> bool:
    """Ask SQLite whether the store is whole."""
    with contextlib.closing(sqlite3.connect(site.state / "dnswatch.db")) as store:
        return bool(store.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def ask_many(site: Site, prefix: str, number: int) -> None:
    """Ask for that many names, once each, and demand all answers at once."""
    for each in range(number):
        check.noerror(site.ask(f"{prefix}{each}.example", source=CLIENT))


def is_recorded(site: Site, lookups: int) -> bool:
    """Tell whether exactly that many lookups of the client are on record, limited ones among them.

    While the watch is slow, whoever asks again and again until it has written meets the rate limit.
    """
    told = site.measures(CLIENT)
    return told.get("lookup", 0) + told.get("limited", 0) == lookups


def faults(site: Site) -> list[str]:
    """What the log tells of faults."""
    return [one["now"] for one in site.told("log") or () if one["about"] == "fault"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_comes_back(serve: Serve, workers: int) -> None:
    """A worker killed under load is there again by itself, every client gets its answer, and who
    asks how the processes do is told of it."""
    site = serve(workers=workers)
    before = set(site.workers_running())
    assert len(before) == workers
    for number in range(200):
        if number == 50:
            os.kill(min(before), signal.SIGKILL)
        ask_patiently(site, f"l{number}.example")
    check.eventually(lambda: len(set(site.workers_running()) - {min(before)}) == workers)
    assert len(site.log("starting it again")) == 1
    told = check.eventually(lambda: [one for one in processes(site.state) if one.restarts])
    assert [(one.restarts, one.pid in site.workers_running()) for one in told] == [(1, True)]


def test_a_killed_watch_costs_no_answer_and_no_record(serve: Serve) -> None:
    """While the watch is away every query is answered; it comes back, records them all, and notes
    that it was away."""
    site = serve()
    ask_many(site, "before", 20)
    check.eventually(lambda: is_recorded(site, 20))
    killed = check.eventually(site.watch_running)
    os.kill(killed, signal.SIGKILL)
    ask_many(site, "after", 20)
    check.eventually(lambda: is_recorded(site, 40))
    assert site.watch_running() != killed
    check.eventually(lambda: any(f"watch (process {killed}) was" in one for one in faults(site)))
    assert site.stop() == 0
    assert is_sound(site)


def test_the_store_survives_any_moment(serve: Serve) -> None:
    """However often the watch is killed while it writes, the store is whole and counts nothing
    twice."""
    site = serve()
    for round_ in range(4):
        os.kill(check.eventually(site.watch_running), signal.SIGKILL)
        ask_many(site, f"round{round_}n", 50)
    ask_many(site, "last", 1)
    check.eventually(lambda: site.watch_running())
    check.eventually(lambda: "last0.example." in site.upstream.names() and site.measures(CLIENT))
    site.stop()
    assert is_sound(site)
    assert site.measures(CLIENT)["lookup"] <= 201


def test_no_orphan_outlives_the_supervisor(serve: Serve) -> None:
    """When the supervisor is killed, workers and watch end by themselves."""
    site = serve(workers=2)
    orphans = children(site.process.pid)
    assert len(orphans) == 3
    site.process.kill()
    site.process.wait()
    check.eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))
    site.start()
    check.noerror(site.ask("again.example"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_quick_and_clean(serve: Serve, number: signal.Signals) -> None:
    """SIGTERM, or Ctrl-C that all processes feel, stops dnswatch at once though queries hang at a
    silent upstream, and what was asked is on record."""
    site = serve(silent, workers=2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((CLIENT, 0))
        for each in range(20):
            wire = site.query(f"hang{each}.example").to_wire()
            client.sendto(wire, (site.listen, site.port))
        check.eventually(lambda: len(set(site.upstream.names())) == 20)
        whom = -site.process.pid if number == signal.SIGINT else site.process.pid
        os.kill(whom, number)
        assert site.process.wait(check.PATIENCE) == 0


def test_a_broken_configuration_is_refused(serve: Serve) -> None:
    """SIGHUP with a broken file changes nothing, and the log names the file and the line."""
    site = serve(settings={"access.networks": ["127.0.0.1/32"], "access.others": "refuse"})
    site.config.write_text("[access]\nnetworks = ['127.0.0.0/8']\nothers = 'maybe'\n")
    site.process.send_signal(signal.SIGHUP)
    (said,) = check.eventually(lambda: site.log("refused"))
    assert f"{site.config}, line 3" in said
    check.noerror(site.ask("still.example"))
    check.rcode(site.ask("still.example", source="127.0.0.2"), "REFUSED")


def test_a_vanished_configuration_is_refused(serve: Serve) -> None:
    """SIGHUP without a file to read changes nothing."""
    site = serve()
    site.config.unlink()
    site.process.send_signal(signal.SIGHUP)
    assert str(site.config) in check.eventually(lambda: site.log("refused"))[0]
    check.noerror(site.ask("still.example"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_good_configuration_takes_force(serve: Serve, workers: int) -> None:
    """SIGHUP with a good file is in force from then on, and what was cached stays."""
    site = serve(settings={"access.others": "refuse"}, workers=workers)
    check.noerror(site.ask("kept.example", source="127.0.0.2"))
    site.reload({"access.networks": ["127.0.0.1/32"], "access.others": "refuse"})
    check.eventually(lambda: site.ask("kept.example", source="127.0.0.2").rcode() == 5)
    for _ in range(20):
        check.noerror(site.ask("kept.example", source="127.0.0.1"))
    assert site.upstream.names().count("kept.example.") <= workers


def test_a_reload_changes_upstreams(serve: Serve) -> None:
    """A forwarded domain that a reload brings is asked at its own upstream from then on."""
    with Upstream() as inner:
        site = serve()
        site.ask("a.corp.example")
        site.reload({"forward": [{"domain": "corp.example", "servers": [inner.url]}]})
        names = (f"n{number}.corp.example" for number in range(1000))
        check.eventually(lambda: site.ask(next(names)) and inner.asked)


def test_one_state_has_one_server(serve: Serve, tmp_path: Path) -> None:
    """A second server on the same records is refused with a sentence."""
    first = serve()
    second = Site(tmp_path, first.upstreams)
    second.state = first.state
    with pytest.raises(AssertionError, match=str(first.state)):
        second.start()
    second.close()
    assert not second.log("Traceback")


def test_a_taken_port_is_said(serve: Serve, tmp_path: Path) -> None:
    """A server that finds its port taken says which, and does not start."""
    first = serve()
    second = Site(tmp_path, first.upstreams)
    second.port = first.port
    with pytest.raises(AssertionError, match=str(first.port)):
        second.start()
    second.close()
    assert not second.log("Traceback")


@contextmanager
def small_disk(where: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte; gives the file that fills it."""
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "none", str(where)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        lacking("the right to mount a tmpfs (root)")
    try:
        yield where / "filling"
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)


def test_a_full_disk_stops_only_the_recording(tmp_path: Path) -> None:
    """On a full disk answers go on and one line says so; with room again the records go on, say
    that they stood still, and nothing that was asked meanwhile is missing."""
    with small_disk(tmp_path / "state") as filling, Upstream() as upstream:  # noqa: SIM117
        with Site(tmp_path, [upstream]) as site:
            ask_many(site, "before", 5)
            check.eventually(lambda: is_recorded(site, 5))
            with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(b"x" * 4096):
                    pass
            asked = 5
            while not (said := site.log("is full")):
                ask_many(site, f"during{asked}n", 50)
                asked += 50
            filling.unlink()
            check.eventually(lambda: is_recorded(site, asked))
            assert len(said) == len(site.log("is full")) == 1
            (fault,) = check.eventually(lambda: faults(site))
            assert "is full: make room" in fault
            assert site.stop() == 0
            assert is_sound(site)
