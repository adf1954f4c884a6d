"""A connection: bytes in and answers out, who may come in, and for how long (RFC 5321).

Commands are taken one by one as they come; only three things are waited for: who may speak, a TLS
handshake, and what becomes of a message.  Meanwhile what the client sends is kept, and no more of
it than `MOST_PENDING`.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext, SSLObject
from typing import Any, Final, Literal, Protocol, cast

from dnswatch.bay.disposition import SmtpReply
from dnswatch.bay.record import Envelope
from dnswatch.bay.smtp.access import Banner
from dnswatch.bay.smtp.limits import RateLimits, Room, StrangerTally
from dnswatch.bay.spool import Draft, Spool
from dnswatch.settings.bay import Bay

FAREWELL: Final = 5.0
"""Seconds in which a client may read the last answer before its connection is cut."""

CROWDED: Final = "421 4.7.0 Too many connections, try again later"
FAULT: Final = "451 4.3.0 Something is wrong here, try again later"

LONGEST_COMMAND: Final = 1000
"""Bytes of a command: 512 at least (RFC 5321 section 4.5.3.1.4), and addresses may be longer."""

MOST_PENDING: Final = 65_536
"""Bytes that a client may send while it waits for us; more stays in the kernel."""

_State = Literal["waiting", "commands", "data", "over"]
"""Who has to act: we, the client with a command or its message, or nobody any more."""


class Takes(Protocol):
    """What takes a message that was received."""

    async def take(self, draft: Draft, envelope: Envelope, waits: Callable[[], bool]) -> SmtpReply:
        """Keep it, and return what to answer."""

    def unheard(self, envelope: Envelope) -> None:
        """Note that the client left while it was answered."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all sessions share."""

    bay: Bay
    hostname: str
    tls: SSLContext | None
    spool: Spool
    reception: Takes
    room: Room
    rate_limits: RateLimits
    banner: Banner
    tally: StrangerTally
    key: Callable[[str], str]
    "The key of an address in the store."
    now: Callable[[], float]
    work: set[asyncio.Task[Any]] = field(default_factory=set)
    "Messages that are being taken: what must end before the process does."


class SmtpConnection(asyncio.Protocol):
    """One connection, whatever is said on it."""

    def __init__(self, shared: Shared) -> None:
        """Speak as `shared` says."""
        self._shared = shared
        self._limits = shared.bay.limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._state: _State = "waiting"
        self._pending = bytearray()
        "What came and was not looked at yet."
        self._is_overlong = False
        "The rest of a command that is too long is still to come."
        self._is_clogged = False
        "The client does not read what it is answered."
        self._has_closed = False
        "The client will say no more."
        self._is_answering = False
        "A message is being taken: the duty passes with the answer to it."
        self._work: asyncio.Task[None] | None = None
        "What is waited for: whether it may speak, or TLS."

        self._peer = ""
        self._client = ""
        "The client's address; empty until it was let in."
        self._waits_as = ""
        "The same, while it is looked up."
        self._tls: SSLObject | None = None
        self._early = False
        self._unheard = 0
        self._faults = 0

        self._end: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle_from = 0.0
        "When the client's time began to run, by the loop's clock."
        self._idle_for = 0.0

    # What happens to a connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, at once if it is known, else once it was looked up."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if not peer:  # gone before it was accepted
            self._abort()
            return
        self._peer = client = str(peer[0])
        self._end = self._loop.call_later(self._limits.session, self._run_out)
        self._reset_timeout()
        if self._shared.banner.is_sure(client):
            self._welcome()
            return
        # Who was known to be quarantined does not wait among strangers, who may be many.
        if not self._shared.banner.knows(client):
            if not self._shared.rate_limits.wait(client):
                self._note("were turned away: too many strangers at a time")
                self._leave(CROWDED)
                return
            self._waits_as = client
        self._begin_work(self._look_up(client))

    async def _look_up(self, client: str) -> None:
        refusal = await self._shared.banner.refusal(client)
        self._stop_waiting()
        self._work = None
        if refusal:
            self._leave(refusal)
        else:
            self._welcome()

    def _stop_waiting(self) -> None:
        if self._waits_as:
            self._shared.rate_limits.stop_waiting(self._waits_as)
            self._waits_as = ""

    def _welcome(self) -> None:
        if not self._shared.rate_limits.enter(self._peer):
            self._note("found no room: too many connections of quarantined clients")
            self._leave(CROWDED)
            return
        self._client = self._peer
        if self._shared.bay.pause:
            self._loop.call_later(self._shared.bay.pause, self._greet)
        else:
            self._greet()

    def _greet(self) -> None:
        if self._state == "waiting":
            self._early = bool(self._pending)
            self._state = "commands"
            self._reply(f"220 {self._shared.hostname} ESMTP")
            self._go_on()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._pending += data
        self._go_on()
        if len(self._pending) > MOST_PENDING and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Answer what was said before the client closed its side, as scripts do (`nc -N`).

        While a message is answered for, it means that nobody hears it any more.
        """
        if self._is_answering or self._tls is not None:
            return False
        self._has_closed = True
        self._go_on()
        return self._transport is not None and not self._transport.is_closing()

    def pause_writing(self) -> None:
        """Answer nothing more to a client that reads nothing."""
        self._is_clogged = True

    def resume_writing(self) -> None:
        """Go on."""
        self._is_clogged = False
        self._go_on()

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection no more."""
        self._state = "over"
        self._transport = None
        self._stop_waiting()
        self._forget_mail()
        for timer in (self._end, self._timer):
            if timer is not None:
                timer.cancel()
        if self._work is not None:
            self._work.cancel()
        if self._client:
            self._shared.rate_limits.leave(self._client)
            self._client = ""

    def bid_farewell(self) -> None:
        """End the connection: the bay stops."""
        self._leave(f"421 4.3.2 {self._shared.hostname} stops")

    def _begin_work(self, work: Any) -> None:
        """Wait for something, beside the loop; what goes wrong there ends the connection."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 a connection is a border: its end ends no other
                self._note("ended on a fault of dnswatch", error)
                self._abort()

        self._work = self._loop.create_task(guarded())

    # What comes and goes

    def _go_on(self) -> None:
        """Take as many commands, and as much of a message, as came."""
        try:
            while self._state in ("commands", "data") and not self._is_clogged and self._step():
                pass
        except Exception as error:  # noqa: BLE001 a connection is a border: its end ends no other
            self._note("met a fault of dnswatch", error)
            self._leave(FAULT)
        if self._transport is None:
            return
        if len(self._pending) <= MOST_PENDING and self._work is None:
            self._transport.resume_reading()
        if self._has_closed and self._state in ("commands", "data") and not self._is_clogged:
            self._cut()

    def _step(self) -> bool:
        """Take the next command or piece of a message; False where more has to come first."""
        if self._state == "data":
            return self._take_piece()
        end = self._pending.find(b"\n")
        if end < 0:
            if len(self._pending) > LONGEST_COMMAND:
                self._is_overlong = True
                self._pending.clear()
            return False
        line = bytes(self._pending[: end + 1]).rstrip(b"\r\n")
        del self._pending[: end + 1]
        if self._is_overlong or len(line) > LONGEST_COMMAND:
            self._is_overlong = False
            self._reply("500 5.5.2 Command line too long")
        else:
            self._obey(line)
        return True

    def _reply(self, text: str) -> None:
        """Answer; note whether the client had waited for it, and end what errs too often."""
        if self._transport is None:
            return
        self._unheard += bool(self._pending)
        self._faults += text.startswith("5")
        self._write(text)
        if self._faults >= self._limits.faults and self._state != "over":
            self._leave("421 4.7.0 Too many errors")

    def _write(self, text: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(text.encode() + b"\r\n")

    def _leave(self, text: str) -> None:
        """Say a last word, and close."""
        self._write(text)
        self._cut()

    def _cut(self) -> None:
        """Close the connection, also to a client that reads nothing."""
        self._state = "over"
        transport = self._transport
        if transport is not None:
            has_unread = self._tls is not None or transport.get_write_buffer_size()
            transport.close()
            if has_unread:
                self._loop.call_later(FAREWELL, transport.abort)

    def _abort(self) -> None:
        """Close the connection without a word."""
        self._state = "over"
        if self._transport is not None:
            self._transport.abort()

    def _note(
        self, what: str, error: BaseException | None = None, *, is_fault: bool = False
    ) -> None:
        self._shared.tally.note(what, self._peer, error, is_fault=is_fault)

    def _reset_timeout(self, seconds: float | None = None) -> None:
        """Put the end of the client's time off; one timer serves many commands."""
        self._idle_from = self._loop.time()
        self._idle_for = self._limits.idle if seconds is None else seconds
        end = self._idle_from + self._idle_for
        if self._timer is not None and self._timer.when() > end:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(end, self._look_at_clock)

    def _look_at_clock(self) -> None:
        end = self._idle_from + self._idle_for
        if self._loop.time() < end:
            self._timer = self._loop.call_at(end, self._look_at_clock)
        else:
            self._run_out()

    def _run_out(self) -> None:
        self._leave("421 4.4.2 This took too long")

    @property
    def _is_there(self) -> bool:
        """Whether the client may still hear an answer: it has not closed its side unasked."""
        is_open = self._transport is not None and not self._transport.is_closing()
        return is_open and (bool(self._pending) or not self._has_closed)

    @abstractmethod
    def _obey(self, line: bytes) -> None:
        """Follow a command."""

    @abstractmethod
    def _take_piece(self) -> bool:
        """Take what came of a message; False where its end has to come first."""

    @abstractmethod
    def _forget_mail(self) -> None:
        """End the transaction, whatever came of it."""
