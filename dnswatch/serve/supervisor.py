"""The supervisor: starts watch, workers and the rest, starts again what dies, reloads, stops.

It answers nothing and records nothing itself.  It keeps open what must outlive its children: the
listening sockets, the lines between workers and watch, and the watch's journal.
"""

import contextlib
import logging
import os
import secrets
import select
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from dnswatch import clock, control
from dnswatch.bay import paths as bay_paths
from dnswatch.errors import LibraryError, SettingsError
from dnswatch.proxy import worker
from dnswatch.proxy.descriptors import provide
from dnswatch.resolver.access import is_admitted
from dnswatch.serve.children import Child
from dnswatch.serve.faults import Faults, Reporting
from dnswatch.serve.notify import Manager, Question
from dnswatch.serve.precedence import Precedence
from dnswatch.serve.sockets import bind_all
from dnswatch.serve.vantages import Guests, Place, Vantage, close_door, make_line, open_door
from dnswatch.settings import Source, combine, encode
from dnswatch.store.directory import ServerProcess, hold, note_processes
from dnswatch.store.moved import Moved
from dnswatch.teller import process as teller
from dnswatch.watchdog import journal
from dnswatch.watchdog import process as watch
from dnswatch.watchdog.reception import Lines
from dnswatch.web import places as web_places

STOP_WORKERS: Final = 1.3
"""Seconds that workers and bay get to drain before they are killed."""

STOP_WATCH: Final = 0.6
"""Seconds that the watch then gets to store what it has: with the above below 2 s."""

JUMP: Final = 1.0
"""Seconds by which a clock must be off to have been set: more than any slewing gathers."""

LOOK: Final = 0.1
"""Seconds between two looks at the children."""

log = logging.getLogger("dnswatch.serve")


class Supervisor:
    """One `dnswatch serve`."""

    def __init__(
        self,
        source: Source,
        state: Path,
        reread: Callable[[], Source],
        vantages: Callable[[Source], Iterable[Vantage]] = lambda _: (),
    ) -> None:
        """Serve as `source` says, with records in `state`; `reread` gives the source anew.

        `vantages` tells which vantage points are to run beside the workers.

        Raises `SettingsError` or `StoreError` where that cannot be: nothing is started then.
        """
        self._source = source
        self._settings = combine(source)
        self._state = state
        self._reread = reread
        provide(self._settings)
        self._lock = hold(state)
        self._secret = secrets.token_bytes()
        "What all workers make DNS cookies of; they live as long as this process."
        self._listening = bind_all(self._settings.serve)
        self._door = open_door(self._settings.ingest)
        self._guests = Guests()
        self._vantages = vantages
        self._places = [Place(vantage) for vantage in vantages(source)]
        self._leaving: list[Child] = []
        "Vantage points that are to run no more, and have not ended yet."
        lines = [make_line() for _ in self._listening]
        self._hears = lines
        self._token = secrets.token_hex(8)
        "By which a watch is known to be the next one of this server, in a fleet."
        self._is_fleet = bool(self._settings.fleet.engine)
        self._kept = journal.create(*self._journal_size())
        self._watch = self._make("watch", self._follow if self._is_fleet else self._watch_over)
        self._precedence = Precedence([theirs for _, theirs in lines])
        self._relay = self._make("relay", self._pass_on) if self._is_fleet else None
        self._workers = [
            Child(f"worker {number}", self._work(number, ours), patience=2.0, longest=0.1)
            for number, (ours, _) in enumerate(lines)
        ]
        self._bay = Child("bay", self._hold, patience=60.0, longest=10.0)
        self._console = Child("console", self._show, patience=60.0, longest=10.0)
        self._teller = Child("teller", self._tell, patience=60.0, longest=10.0)
        self._unwanted = self._choose()
        self._begun_at = clock.now()
        "When we began, by the clock that we go by."
        self._moved: Moved | None = None
        "What the next watch must do to the records, since the machine's clock was set."
        self._outdated: list[Child] = []
        "Processes that go by the clock as it was, the last one to be replaced first."
        self._away: list[int] = []
        "Workers whose place the others take, as they were told last."
        self._manager = Manager(os.environ)
        self._question: Question | None = None
        self._ask_at = 0.0
        self._looked_at = clock.elapsed()
        self._said_ready = False
        self._noted: list[ServerProcess] = []
        self._faults = Faults(self._settings.fleet.node if self._is_fleet else "")

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then stop within two seconds."""
        Reporting("serve", self._faults.note).take_over()
        with _signals() as signals:
            while True:
                self._start()
                self._note_processes()
                spoke = self._wait(signals)
                self._reap()
                self._look(spoke)
                self._tell_faults()
                self._look_at_clock()
                self._note_ready()
                self._tell_manager()
                received = _received(signals)
                if {signal.SIGTERM, signal.SIGINT} & received:
                    break
                if signal.SIGHUP in received:
                    self._reload()
            log.info("stopping")
            self._manager.tell("STOPPING=1")
            last = [self._watch, *self._relays]
            self._stop([each for each in self._children if each not in last], STOP_WORKERS)
            self._stop(last, STOP_WATCH)
            close_door(self._door)
        if self._question is not None:
            self._question.close()
        log.info("stopped")

    @property
    def _children(self) -> list[Child]:
        others = [place.child for place in self._places]
        ours = [self._watch, *self._workers, self._bay, self._console, self._teller]
        return [*ours, *self._relays, *others, *self._leaving]

    @property
    def _relays(self) -> list[Child]:
        """The relay, in a fleet."""
        return [] if self._relay is None else [self._relay]

    @property
    def _wanted(self) -> list[Child]:
        unwanted = [*self._unwanted, *self._leaving]
        return [child for child in self._children if child not in unwanted]

    def _choose(self) -> list[Child]:
        """Return what the site does not want, or cannot have, by the settings and libraries now.

        It is asked when these are read: to look for libraries took most of what each turn cost.
        """
        is_wanted = {
            self._bay: bay_paths.is_wanted(self._settings),
            self._console: web_places.is_wanted(self._settings),
            self._teller: bool(self._settings.events),
        }
        return [child for child, wanted in is_wanted.items() if not wanted]

    def _lines(self) -> Lines:
        """Return all that leads to the next watch, or relay."""
        return Lines(
            [theirs for _, theirs in self._hears],
            [place.tied for place in self._places],
            self._door,
            self._guests.tied(),
        )

    def _make(self, name: str, run: Callable[[socket.socket], None]) -> Child:
        """Make the place of a process that hears the others."""
        heard = self._guests.heard
        return Child(name, run, patience=20.0, longest=0.1, heard=heard)

    def _watch_over(self, ours: socket.socket) -> None:
        """Watch what this server sees."""
        watch.main(self._source, self._state, self._lines(), self._kept, ours, self._moved)

    def _journal_size(self) -> tuple[int, ...]:
        """Return how large the journal is, where it is not as large as usual."""
        if not self._is_fleet:
            return ()
        try:
            from dnswatch.fleet import relay
        except ModuleNotFoundError as error:
            if error.name != "valkey":
                raise
            raise LibraryError("valkey", "fleet") from None
        return (relay.SIZE,)

    def _pass_on(self, ours: socket.socket) -> None:
        """Pass on what this server sees to whoever leads the fleet."""
        from dnswatch.fleet import relay

        relay.main(self._source, self._state, self._lines(), self._kept, ours)

    def _follow(self, ours: socket.socket) -> None:
        """Follow the fleet's leader, or lead."""
        from dnswatch.fleet import candidate
        from dnswatch.office import orders

        execute = partial(orders.obey, self._state)
        candidate.main(self._source, self._state, ours, self._token, execute, orders.entered)

    def _work(self, number: int, line: socket.socket) -> Callable[[socket.socket], None]:
        return lambda ours: worker.main(
            number, self._source, self._listening, line, ours, self._secret
        )

    def _hold(self, ours: socket.socket) -> None:
        """Run the bay; its libraries are loaded by itself, since few sites need them."""
        from dnswatch.bay import process

        process.main(self._source, self._state, ours)

    def _show(self, ours: socket.socket) -> None:
        """Run the web console."""
        from dnswatch.web import process

        process.main(self._source, self._state, ours)

    def _tell(self, ours: socket.socket) -> None:
        """Tell others what changes."""
        teller.main(self._source, self._state, ours)

    def _start(self) -> None:
        """Start whoever is missing and due."""
        now = clock.elapsed()
        for child in self._wanted:
            if not child.pid and child.start_at <= now:
                child.start(now, self._children)
                if child is self._watch:
                    self._moved = None  # it has that from us, and sees to it

    def _note_processes(self) -> None:
        """Write down which processes there are, where that has changed."""
        found = [
            ServerProcess(child.name, child.pid, max(0, child.starts - 1)) for child in self._wanted
        ]
        if found != self._noted:
            self._noted = found
            note_processes(self._state, found)

    def _wait(self, signals: socket.socket) -> list[Child]:
        """Wait for a signal, a word of a child, or the next look at them all; say who spoke."""
        lines = {child.control: child for child in self._children if child.control is not None}
        others = [signals] if self._question is None else [signals, self._question]
        ready, _, _ = select.select([*others, *lines], [], [], LOOK)
        return [lines[line] for line in ready if line in lines]

    def _reap(self) -> None:
        """Notice who died."""
        by_pid = {child.pid: child for child in self._children if child.pid}
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                child = by_pid.get(ended[0])
                if child in self._wanted:
                    child.reaped(ended[1], clock.elapsed())
                elif child is not None:
                    child.gone()
        self._leaving = [child for child in self._leaving if child.pid]

    def _look(self, spoke: list[Child]) -> None:
        """Hear those who spoke; end who hangs, and have siblings take the place of who is away."""
        now = clock.elapsed()
        if now - self._looked_at > 5 * LOOK:  # stopped, or no processor for us: judge nobody by it
            for child in self._children:
                child.excuse(now)
        self._looked_at = now
        for child in spoke:
            child.listen(now)
        for child in self._children:
            child.judge(now)
        if not self._is_fleet:  # there it is the relay that reads the lines
            watch = self._watch
            self._precedence.look(watch.pid if watch.ready else 0, watch.heard_at, now)
        away = [number for number, child in enumerate(self._workers) if child.is_away(now)]
        if away != self._away:
            self._away = away
            for child in self._workers:
                child.send(control.away(away))

    def _tell_faults(self) -> None:
        """Have the watch note what went wrong; it may be what did."""
        for child in self._children:
            for fault in child.faults:
                self._faults.note(fault)
            child.faults.clear()
        if self._watch.ready:
            self._faults.tell(lambda fault: self._watch.send(control.write_fault(fault)))

    def _look_at_clock(self) -> None:
        """Where the machine's clock was set, have all processes go by it, one after the other.

        Workers come first, so that the next watch hears of one time line alone; siblings take the
        place of each meanwhile.
        """
        by = clock.set_by()
        if abs(by) >= JUMP:
            clock.anchor_anew()
            log.warning(
                "the machine's clock was set %s by %.1f s: everybody goes by it from now on, and"
                " orders, verdicts and what is cached end as long after as they would have",
                "forward" if by > 0 else "back",
                abs(by),
            )
            earlier = self._moved.by if self._moved else 0.0
            self._moved = Moved(earlier + by, clock.now() - 2 * LOOK, self._begun_at - earlier)
            self._begun_at += by
            wanted = self._wanted
            self._outdated = [*wanted[len(self._workers) + 1 :], self._watch, *self._workers]
        if self._outdated and all(child.is_settled for child in self._wanted):
            self._outdated.pop().replace()

    def _tell_manager(self) -> None:
        """Tell the service manager that we answer, once that is sure again."""
        now = clock.elapsed()
        if self._question is not None and self._question.is_answered():
            self._manager.tell("WATCHDOG=1")
        if not (self._said_ready and self._manager.interval and now >= self._ask_at):
            return
        self._ask_at = now + self._manager.interval
        endpoint = self._endpoint()
        if self._question is None and endpoint is not None:
            self._question = Question(endpoint)
        if self._question is not None and is_admitted(self._settings, self._question.client()):
            self._question.ask()
        elif not self._away:  # it would get no answer: what the processes say must do
            self._manager.tell("WATCHDOG=1")

    def _endpoint(self) -> socket.socket | None:
        """Return the socket at which we ask ourselves; None where only fronts ask, or nobody."""
        sockets = (one for bound in self._listening[:1] for one in bound)
        datagrams = (one for one in sockets if one.sock.type == socket.SOCK_DGRAM)
        return next((one.sock for one in datagrams if not one.proxied), None)

    def _note_ready(self) -> None:
        """Say once that all workers answer."""
        if not self._said_ready and all(child.ready for child in self._workers or [self._watch]):
            self._said_ready = True
            self._manager.tell("READY=1")
            settings = combine(self._source)
            sockets = (one for bound in self._listening[:1] for one in bound)
            log.info(
                "ready: answering on %s, asking %s, records in '%s'",
                ", ".join(dict.fromkeys(_shown(one.sock) for one in sockets)) or "nothing",
                ", ".join(settings.upstream.servers),
                self._state,
            )
            if settings.web.enabled and (missing := web_places.missing()):
                log.info(
                    "no web console: %s is not installed, which the extra 'web' brings;"
                    " web.enabled = false silences this",
                    missing[0],
                )

    def _reload(self) -> None:
        """Read the configuration anew; a broken one is refused, and the old one stays in force."""
        try:
            source = self._reread()
            settings = combine(source)
            provide(settings)
            vantages = list(self._vantages(source))
        except SettingsError as error:
            log.error("reload refused, the old configuration stays in force: %s", error)
            return
        for what in ("listen", "redirected", "proxied", "workers"):
            if getattr(settings.serve, what) != getattr(self._settings.serve, what):
                log.warning("a change of 'serve.%s' needs a restart; the rest is taken over", what)
        if settings.fleet != self._settings.fleet:
            log.warning("a change of 'fleet' needs a restart; the rest is taken over")
        if settings.ingest.listen != self._settings.ingest.listen:
            log.warning("a change of 'ingest.listen' needs a restart; the rest is taken over")
        self._source, self._settings = source, settings
        self._unwanted = self._choose()
        self._arrange(vantages)
        message = encode(source)
        for child in self._children:
            if child.pid and not child.send(message):
                log.warning("%s could not be told of the new settings", child.name)
        for child in self._unwanted:
            child.signal(signal.SIGTERM)
        log.info("configuration reloaded")

    def _arrange(self, vantages: Iterable[Vantage]) -> None:
        """Begin and end vantage points as the configuration says now; the next watch knows them."""
        wanted = {each.key: each for each in vantages}
        known = {place.key: place for place in self._places}
        for gone in known.keys() - wanted.keys():
            known[gone].child.signal(signal.SIGTERM)
            known[gone].close()
            self._leaving.append(known[gone].child)
        self._places = [known.get(key) or Place(each) for key, each in wanted.items()]
        if known.keys() != wanted.keys():
            (self._relay or self._watch).replace()

    def _stop(self, children: list[Child], patience: float) -> None:
        """End processes, by force where they take too long."""
        deadline = clock.elapsed() + patience
        for child in children:
            child.signal(signal.SIGTERM)
        while any(child.pid for child in children):
            if clock.elapsed() > deadline:
                for child in children:
                    child.signal(signal.SIGKILL)
                deadline += patience
            select.select([], [], [], 0.01)
            for child in children:
                if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                    child.gone()


def _shown(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """Turn signals into bytes on a socket, so that one `select` waits for everything."""
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        yield reader
        signal.set_wakeup_fd(-1)


def _received(signals: socket.socket) -> set[int]:
    with contextlib.suppress(BlockingIOError):
        return set(signals.recv(256))
    return set()
