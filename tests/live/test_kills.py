"""Processes that are killed or hang, again and again: no client goes without, nothing is lost."""

import os
import signal
import socket
from functools import partial
from pathlib import Path

import pytest

from tests import check
from tests.live.site import Serve, Site
from tests.live.test_processes import ask_many, is_sound

CLIENT = "127.0.0.31"

KILLS = int(os.environ.get("DNSWATCH_TEST_KILLS", "6"))
"""Kills in a row of the watch."""


def test_a_hung_worker_blacks_out_nobody(serve: Serve) -> None:
    """The kernel goes on handing a stopped worker its clients; its sibling answers them, until it
    is killed and another has taken its place."""
    site = serve(workers=2)
    hung, _ = sorted(site.workers_running())
    os.kill(hung, signal.SIGSTOP)
    for number in range(40):  # each from a port of its own: half of them hash to the stopped one
        check.noerror(site.ask(f"n{number}.example", source=CLIENT))
    check.eventually(lambda: hung not in site.workers_running())
    assert len(site.log("hangs")) == 1
    check.eventually(lambda: len(site.workers_running()) == 2)
    for number in range(40):
        check.noerror(site.ask_tcp(f"t{number}.example"))


def test_a_killed_worker_leaves_nobody_waiting(serve: Serve) -> None:
    """Both workers are killed in turn, sooner than one has lived well: every query is answered,
    over UDP and over TCP, by the sibling or by the next one."""
    site = serve(workers=2)
    ask_many(site, "warm", 1)
    for number in range(30):
        os.kill(site.workers_running()[number % 2 - 1], signal.SIGKILL)
        check.noerror(site.ask("warm0.example", source=CLIENT))
        check.noerror(site.ask_tcp("warm0.example"))
        check.eventually(lambda: len(site.workers_running()) == 2)
    assert is_sound(site)


def test_a_hung_watch_is_replaced(serve: Serve) -> None:
    """A watch that hangs is killed as well; answers go on meanwhile, and what it had not read is
    told by the next one."""
    site = serve()
    hung = check.eventually(site.watch_running)
    ask_many(site, "before", 10)
    check.eventually(lambda: site.measures(CLIENT).get("lookup") == 10)
    os.kill(hung, signal.SIGSTOP)
    ask_many(site, "during", 10)
    check.eventually(lambda: site.measures(CLIENT).get("lookup") == 20)
    assert site.watch_running() != hung


@pytest.mark.parametrize("networks", [["127.0.0.0/8"], ["192.0.2.0/24"]])
def test_the_service_manager_is_told_that_we_answer(tmp_path: Path, networks: list[str]) -> None:
    """systemd hears of the start, then again and again that a question to ourselves was answered;
    where we are no client of ours, that the workers live; and of the end."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(check.PATIENCE)
        site = Site(tmp_path, ["udp://192.0.2.1"], {"access.networks": networks})
        site.environment = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "600000"}
        with site:
            assert manager.recv(99) == b"READY=1"
            for _ in range(3):
                assert manager.recv(99) == b"WATCHDOG=1"
            site.process.terminate()
            while (said := manager.recv(99)) == b"WATCHDOG=1":
                continue
            assert said == b"STOPPING=1"


def test_nobody_is_told_that_we_answer_when_we_do_not(tmp_path: Path) -> None:
    """While no worker answers the service manager hears nothing, so that it starts us anew."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(check.PATIENCE)
        site = Site(tmp_path, ["udp://192.0.2.1"])
        site.environment = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "600000"}
        with site:
            assert manager.recv(99) == b"READY=1"
            assert manager.recv(99) == b"WATCHDOG=1"
            (worker,) = site.workers_running()
            os.kill(worker, signal.SIGSTOP)
            manager.setblocking(False)
            said = 0
            while not site.log("hangs"):
                try:
                    said += manager.recv(99) == b"WATCHDOG=1"
                except BlockingIOError:
                    continue
            assert said <= 2  # those that were on their way
            manager.settimeout(check.PATIENCE)
            assert manager.recv(99) == b"WATCHDOG=1"


def test_a_watch_killed_again_and_again_counts_all_once(serve: Serve) -> None:
    """Wherever the kills hit, each lookup that was answered, mail-related or not, from upstream or
    from the cache, stands in the client's account, once."""
    site = serve(workers=2)
    killed, asked = None, 0
    check.noerror(site.ask("warm.example", source="127.0.0.32"))
    for round_ in range(KILLS):
        pid = check.eventually(partial(next_watch, site, killed))
        for _ in range(round_ * 37 % 61):
            check.noerror(site.ask(f"m{asked}.example", "MX", source=CLIENT))
            check.noerror(site.ask("warm.example", source=CLIENT))
            asked += 1
        os.kill(pid, signal.SIGKILL)
        killed = pid
    check.eventually(lambda: site.measures(CLIENT).get("lookup", 0) >= 2 * asked)
    site.stop()
    measures = site.measures(CLIENT)
    assert (measures["mail:mx"], measures["type:A"]) == (asked, asked)
    assert is_sound(site)


def next_watch(site: Site, killed: int | None) -> int | None:
    """Give the watch that runs, if it is not the one that was killed."""
    running = site.watch_running()
    return running if running != killed else None
