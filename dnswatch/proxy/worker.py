"""The worker: the process that answers.  Wires listeners, service, upstreams and reports together.

It lives as long as its control socket: a message there is a new configuration, its end means that
the supervisor is gone.  SIGTERM drains: no new query is taken, what is in flight is answered for up
to `DRAIN` seconds, and the last batch goes to the watch.
"""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterable
from itertools import chain
from typing import Any, Final, NamedTuple

from dnswatch import clock
from dnswatch.control import BEAT, Control
from dnswatch.model.health import HealthReport
from dnswatch.names.hosts import HostsFiles
from dnswatch.proxy.datagrams import DatagramBatch
from dnswatch.proxy.descriptors import provide
from dnswatch.proxy.fast import UdpListener
from dnswatch.proxy.proxied import Fronts, ProxiedTcpListener, ProxiedUdpListener
from dnswatch.proxy.reports import INTERVAL, Reports
from dnswatch.proxy.service import Service
from dnswatch.proxy.slices import shorten
from dnswatch.proxy.streams import Connections, TcpListener
from dnswatch.proxy.upstream.build import Builder
from dnswatch.proxy.upstream.transport import Transport
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.local import LocalNames, site_names
from dnswatch.settings import Settings, Source, combine

DRAIN: Final = 1.0
"""Seconds that queries in flight are waited for at the end."""

PROBE_ROUND: Final = 0.1
"""Seconds between two looks at which upstream is due for a probe."""

HOSTS_INTERVAL: Final = 5.0
"""Seconds between two looks at the hosts files."""

_COLLECT: Final = (2_000, 1_000_000, 1_000_000)
"""When Python looks for cycles: among the 2,000 youngest objects, which takes less than a
millisecond, and among older ones never: 100,000 held up queries for 10 ms, half a million cached
answers for half a second.  A worker makes no cycles that last; `cycles_collected` counts others.
"""

log = logging.getLogger("dnswatch.proxy")


class Listening(NamedTuple):
    """A bound socket, and what comes in there."""

    sock: socket.socket
    redirected: bool
    "It was on its way to another resolver."
    proxied: bool = False
    "It comes from fronts, with PROXY protocol headers."


class Worker:
    """One worker's parts."""

    def __init__(
        self,
        number: int,
        configured: Settings,
        listening: list[list[Listening]],
        line: socket.socket,
        secret: bytes,
        now: Callable[[], float] = clock.now,
    ) -> None:
        """Get ready to answer, and to report over `line`.

        `listening` are the sockets of all workers; this one answers on those at its own number, and
        on a sibling's while that is away.  `secret` is what all workers make DNS cookies of.
        """
        self._now = now
        self._line = line
        self._settings = configured
        self._room = DatagramBatch()
        self._hosts = HostsFiles(configured.names.hosts)
        self._known = self._hosts.read()
        self._core = core = ResolverCore(configured, self._local_names(), Cookies(secret))
        self._reports = Reports(line, now, core.observed, self._health, self._await_line)
        self._service = Service(core, self._reports, now)
        self._service.connect(self._transports())
        self._connections = Connections(configured.limits, core.observed.counters)
        self._fronts = Fronts(configured.serve.trusted_proxies, core.observed.counters)
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._collected = _collected()
        self._number = number
        self._listening = listening
        self._changing = asyncio.Lock()
        self._listeners = {number: self._listen(number)}

    async def start(self) -> None:
        """Begin to answer."""
        asyncio.get_running_loop().add_reader(self._line, self._learn)
        self.every(PROBE_ROUND, self._service.probe)
        self.every(1.0, self._new_second)
        self.every(INTERVAL, self._report)
        self.every(HOSTS_INTERVAL, self._look_at_hosts)
        for listener in self._listeners[self._number]:
            await listener.start()

    async def stand_in(self, away: Iterable[int]) -> None:
        """Answer for these siblings, whose clients the kernel goes on handing to their sockets."""
        wanted = {self._number, *away}
        async with self._changing:
            for number in self._listeners.keys() - wanted:
                for listener in self._listeners.pop(number):
                    listener.stop()
            for number in wanted - self._listeners.keys():
                self._listeners[number] = self._listen(number)
                for listener in self._listeners[number]:
                    await listener.start()

    async def stop(self) -> None:
        """Drain: answer what is in flight, report, let go."""
        for listener in chain.from_iterable(self._listeners.values()):
            listener.stop()
        end = self._now() + DRAIN
        while self._core.waiting and self._now() < end:
            self._core.enforcement.held.release_all()
            self._service.carry_out()
            await asyncio.sleep(0.02)
        self._stopped = True
        self._connections.drop_all()
        self._service.close()
        self._report()

    def configure(self, configured: Settings) -> None:
        """Take other settings; what is cached, connected and in flight goes on."""
        self._report()  # rows say who is admitted: start them anew
        self._settings = configured
        provide(configured)
        self._connections.limits = configured.limits
        self._fronts.trust(configured.serve.trusted_proxies)
        self._hosts = HostsFiles(configured.names.hosts)
        self._known = self._hosts.read()
        old = list(self._core.routes.servers)
        self._core.configure(configured, self._local_names())
        self._service.connect(self._transports())
        self._service.carry_out()
        wait = configured.upstream.deadline
        asyncio.get_running_loop().call_later(wait, self._service.disconnect, old)

    def _listen(self, number: int) -> list[UdpListener | ProxiedUdpListener | TcpListener]:
        """Make listeners for the sockets of one worker."""
        return [self._listener(*one) for one in self._listening[number]]

    def _listener(
        self, sock: socket.socket, redirected: bool, proxied: bool
    ) -> UdpListener | ProxiedUdpListener | TcpListener:
        service, connections = self._service, self._connections
        if sock.type == socket.SOCK_DGRAM:
            listener = UdpListener(sock, service, redirected=redirected)
            return ProxiedUdpListener(listener, sock, self._fronts) if proxied else listener
        own = sock.dup()
        if proxied:
            return ProxiedTcpListener(own, service, connections, self._fronts)
        return TcpListener(own, service, connections, redirected=redirected)

    def _local_names(self) -> LocalNames:
        """Return the names of the hosts files, and that of the holding bay."""
        known = self._known
        return site_names(known.names, known.addresses, self._settings.quarantine)

    def _transports(self) -> dict[int, Transport]:
        builder = Builder(
            self._settings,
            self._room,
            self._service,
            self._now,
            self._reports.counters,
            self._attacked,
        )
        servers = self._core.routes.servers
        return {number: builder.make(server) for number, server in servers.items()}

    def _health(self) -> Iterable[HealthReport]:
        return [each.health.report(each.url) for each in self._core.routes.upstreams()]

    def _attacked(self, upstream: str, since: float) -> None:
        """Forget what may have been forged: all that was cached since the guessing began."""
        dropped = self._core.distrust(since)
        self._reports.counters["cache_distrusted"] += dropped
        log.warning(
            "somebody forges answers of %s: forgot %d answers, all that came since",
            upstream,
            dropped,
        )

    def do(self, action: Coroutine[None, None, None]) -> None:
        """Do something beside all else."""
        task = asyncio.get_running_loop().create_task(action)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def every(self, interval: float, action: Callable[[], None]) -> None:
        """Do something now and again; what it raises ends nothing."""
        if not self._stopped:
            asyncio.get_running_loop().call_later(interval, self.every, interval, action)
            action()

    def _new_second(self) -> None:
        self._core.new_second(self._now())

    def _look_at_hosts(self) -> None:
        hosts = self._hosts.read()
        if hosts is not self._known:
            self._known = hosts
            self._core.know(self._local_names())

    def _report(self) -> None:
        cache, admissions = self._core.cache, self._core.access
        if cache.evicted or admissions.forgotten:
            self._reports.counters["cache_evicted"] += cache.evicted
            self._reports.counters["clients_forgotten"] += admissions.forgotten
            cache.evicted = admissions.forgotten = 0
        if (collected := _collected()) != self._collected:
            self._reports.counters["cycles_collected"] += collected - self._collected
            self._collected = collected
        self._reports.flush()

    def _await_line(self) -> None:
        """Come back as soon as the watch has read some of what fills its line."""
        asyncio.get_running_loop().add_writer(self._line, self._resume)

    def _resume(self) -> None:
        if not self._reports.resume():
            asyncio.get_running_loop().remove_writer(self._line)

    def _learn(self) -> None:
        """Learn from the watch which names are mail-related, and which clients are marked."""
        for briefing in self._reports.briefings():
            self._core.learn(briefing, self._now())
        self._service.carry_out()  # what was held for a mark that is gone


def _collected() -> int:
    """Count the objects that were in cycles, and that Python has let go of, in this process."""
    return sum(generation["collected"] for generation in gc.get_stats())


def main(
    number: int,
    source: Source,
    listening: list[list[Listening]],
    line: socket.socket,
    control: socket.socket,
    secret: bytes,
) -> None:
    """Be worker `number` until told to stop; for a freshly forked process.

    `secret` is 32 random bytes, the same for all workers.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    shorten()
    asyncio.run(_serve(number, source, listening, line, Control(control), secret))


async def _serve(
    number: int,
    source: Source,
    listening: list[list[Listening]],
    line: socket.socket,
    control: Control,
    secret: bytes,
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_Faults())
    worker = Worker(number, combine(source), listening, line, secret)
    await worker.start()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the supervisor gets it as well
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    loop.add_reader(control, _obey, control, worker, over)
    worker.every(BEAT, control.beat)
    await over.wait()
    loop.remove_reader(control)
    await worker.stop()


def _obey(control: Control, worker: Worker, over: asyncio.Event) -> None:
    """Take a new configuration or a sibling's place, or notice that the supervisor is gone."""
    away = control.away
    news = control.news()
    if control.is_over:
        over.set()
    elif news is not None:
        worker.configure(news[1])
    elif control.away != away:
        worker.do(worker.stand_in(control.away))


class _Faults:
    """The border of the process: an error that nobody expected ends one packet, not the service."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log a fault, once a minute at most."""
        if clock.now() >= self._quiet_until:
            self._quiet_until = clock.now() + 60
            log.error(
                "a fault was survived: %s", context["message"], exc_info=context.get("exception")
            )
