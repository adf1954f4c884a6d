"""A session: one connection, from greeting to farewell, spoken by aiosmtpd.

What aiosmtpd does not do, or does in memory, is done here: the null sender, messages that go to the
disk while they come, limits that are answered, and notes on how the client speaks.
"""

import asyncio
import collections
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext, SSLError
from typing import Any, Final, Literal, Protocol

from aiosmtpd.smtp import SMTP, TLSSetupException

from dnswatch.bay.fates import Reply
from dnswatch.bay.record import Envelope, Manners
from dnswatch.bay.room import Claim, Room
from dnswatch.bay.smtp.door import Door
from dnswatch.bay.smtp.guests import Guests
from dnswatch.bay.smtp.path import Path, read_path
from dnswatch.bay.smtp.tally import Tally
from dnswatch.bay.smtp.transfer import Transfer, receive
from dnswatch.bay.spool import Draft, Spool, ident_of
from dnswatch.bay.trace import Trace
from dnswatch.bay.words import words
from dnswatch.errors import SpoolError
from dnswatch.settings.bay import Bay

logger: Final = logging.getLogger("dnswatch.bay")

FAREWELL: Final = 5.0
"""Seconds in which a client may read the last answer before its connection is cut."""

CROWDED: Final = "421 4.7.0 Too many connections, try again later"
NO_ROOM: Final = "452 4.3.1 Not enough room for mail now, try again later"

LONGEST_COMMAND: Final = 1000
"""Bytes of a command: 512 at least (RFC 5321 section 4.5.3.1.4), and addresses may be longer."""

LONGEST_HELO: Final = 512
"""Characters of what a client calls itself that are kept."""


class Takes(Protocol):
    """What takes a message that was received."""

    async def take(self, draft: Draft, envelope: Envelope, waits: Callable[[], bool]) -> Reply:
        """Keep it, and return what to answer."""

    def unheard(self, envelope: Envelope) -> None:
        """Note that the client left while it was answered."""


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions share."""

    bay: Bay
    hostname: str
    tls: SSLContext | None
    spool: Spool
    reception: Takes
    room: Room
    guests: Guests
    door: Door
    tally: Tally
    key: Callable[[str], str]
    "The key of an address in the store."
    now: Callable[[], float]
    work: set[asyncio.Task[Any]] = field(default_factory=set)
    "Messages that are being taken: what must end before the process does."


@dataclass(slots=True)
class _Mail:
    """A transaction: MAIL FROM and what follows it."""

    sender: str
    body: Literal["7BIT", "8BITMIME"]
    smtputf8: bool
    recipients: list[str] = field(default_factory=list)


class _Greeting:
    """What of aiosmtpd's answer to EHLO holds here."""

    async def handle_EHLO(  # noqa: N802 aiosmtpd's name
        self, server: SMTP, session: Any, envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        said = [one for one in responses[:-1] if not one.startswith("250-AUTH")]
        return [*said, "250 ENHANCEDSTATUSCODES"]


_GREETING: Final = _Greeting()


class Session(SMTP):
    """One connection."""

    def __init__(self, house: House) -> None:
        """Speak as `house` says."""
        super().__init__(
            _GREETING,
            data_size_limit=house.bay.limits.size,
            enable_SMTPUTF8=True,
            hostname=house.hostname,
            ident="ESMTP",
            tls_context=house.tls,
            timeout=house.bay.limits.idle,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = collections.defaultdict(lambda: LONGEST_COMMAND)
        self._house = house
        self._limits = house.bay.limits
        self._client = ""
        "The client's address; empty until it was let in."
        self._waits_as = ""
        "The same, while it waits at the door."
        self._claim: Claim | None = None
        self._has_closed = False
        "The client will say no more."
        self._is_answering = False
        "A message is being taken: the duty passes with the answer to it."
        self._mail: _Mail | None = None
        self._messages = 0
        self._early = False
        self._unheard = 0
        self._faults = 0
        self._end: asyncio.TimerHandle | None = None

    command_size_limit = LONGEST_COMMAND

    def __dir__(self) -> tuple[str, ...]:
        """Name the commands alone.

        aiosmtpd looks for them in every new session among all names there are, twice, which cost
        a fifth of what a message costs.
        """
        return _COMMANDS

    # What happens to a connection

    async def _handle_client(self) -> None:
        """Serve a connection; what a stranger can make go wrong is counted, and ends with it."""
        assert self.session is not None
        client = str(self.session.peer[0]) if self.session.peer else ""
        try:
            await self._serve(client)
        except (ConnectionError, TimeoutError, SSLError, EOFError):  # it left, or broke off TLS
            self._abort()
        except asyncio.CancelledError:
            self._abort()
            raise
        except Exception as error:  # noqa: BLE001 a connection is a border: its end ends no other
            self._house.tally.note("ended on a fault of dnswatch", client, error)
            self._abort()

    async def _serve(self, client: str) -> None:
        house = self._house
        self._end = self.loop.call_later(self._limits.session, self._timeout_cb)
        if not client:  # gone before it was accepted
            self._abort()
            return
        if refusal := await self._ask_at_door(client):
            await self._leave(refusal)
            return
        if not house.guests.enter(client):
            house.tally.note("found no room: too many connections of quarantined clients", client)
            await self._leave(CROWDED)
            return
        self._client = client
        await asyncio.sleep(self._house.bay.pause)
        self._early = self._has_more
        await super()._handle_client()

    async def _ask_at_door(self, client: str) -> str:
        """Ask whether a client may come in; return what it is told, if no.

        Who was known to be quarantined does not wait among strangers, who may be many.
        """
        house = self._house
        if not house.door.knows(client):
            if not house.guests.wait(client):
                house.tally.note("were turned away: too many strangers at a time", client)
                return CROWDED
            self._waits_as = client
        refusal = await house.door.refusal(client)
        self._leave_door()
        return refusal

    def _leave_door(self) -> None:
        if self._waits_as:
            self._house.guests.stop_waiting(self._waits_as)
            self._waits_as = ""

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection no more."""
        self._leave_door()
        self._release()
        if self._end is not None:
            self._end.cancel()
        if self._client:
            self._house.guests.leave(self._client)
            self._client = ""
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Answer what was said before the client closed its side, as scripts do (`nc -N`).

        While a message is answered for, it means that nobody hears it any more.
        """
        if self._is_answering or self.session is None or self.session.ssl is not None:
            return super().eof_received()
        self._has_closed = True
        self._reader.feed_eof()
        return True

    def bid_farewell(self) -> None:
        """End the connection: the bay stops."""
        self._end_with(f"421 4.3.2 {self._house.hostname} stops")

    async def push(self, status: Any) -> None:
        """Answer; note whether the client had waited for it, and end what errs too often."""
        if self.transport is None:
            return
        text = status.decode("utf-8", "replace") if isinstance(status, bytes) else str(status)
        if text[3:4] != "-":
            self._unheard += self._has_more
            self._faults += text.startswith("5")
        await super().push(text)
        if self._faults >= self._limits.faults and self.transport is not None:
            self._faults = 0
            await self._leave("421 4.7.0 Too many errors")

    async def handle_exception(self, error: Exception) -> str:
        """Answer for a fault of ours, or of a TLS handshake, after which nobody hears it."""
        if isinstance(error, TLSSetupException):
            self._house.tally.note("broke off TLS", self._client)
            return ""
        if isinstance(error, ConnectionError | TimeoutError | SSLError | EOFError):
            self._cut()
            self.transport = None  # aiosmtpd would read on, and fail again, without end
            return ""
        self._house.tally.note("met a fault of dnswatch", self._client, error)
        return "451 4.3.0 Something is wrong here, try again later"

    def _timeout_cb(self) -> None:
        self._end_with("421 4.4.2 This took too long")

    def _end_with(self, text: str) -> None:
        """Say a last word, if there is still somebody, and close."""
        transport: Any = self.transport
        if transport is not None and not transport.is_closing():
            self._writer.write(f"{text}\r\n".encode())
            self._cut()

    async def _leave(self, text: str) -> None:
        await super().push(text)
        self._cut()

    def _cut(self) -> None:
        """Close the connection, also to a client that reads nothing."""
        transport: Any = self.transport
        if transport is not None:
            transport.close()
            if self._tls_protocol is not None or transport.get_write_buffer_size():
                self.loop.call_later(FAREWELL, transport.abort)

    def _abort(self) -> None:
        """Close the connection without a word."""
        transport: Any = self._original_transport or self.transport
        if transport is not None:
            transport.abort()

    @property
    def _has_more(self) -> bool:
        """Whether the client sent more before it could have read an answer."""
        return bool(self._reader._buffer)  # type: ignore[attr-defined]

    @property
    def _is_there(self) -> bool:
        """Whether the client may still hear an answer: it has not closed its side unasked."""
        return self.transport is not None and (self._has_more or not self._has_closed)

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()  # type: ignore[no-untyped-call]
        self._mail = None
        self._release()

    def _release(self) -> None:
        """Claim no room any more."""
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    # Commands

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 aiosmtpd's name
        """Begin a transaction, with or without a hello: Postfix needs none either."""
        if self._mail is not None:
            await self.push("503 5.5.1 One sender is enough: send RSET first")
        elif self._messages >= self._limits.messages:
            await self._leave("421 4.7.0 Enough messages for one connection, connect anew")
        else:
            await self.push(self._begin(arg))

    def _begin(self, arg: str | None) -> str:
        try:
            path = read_path("FROM", arg)
            mail = _mail(path)
            size = int(path.parameters.get("SIZE") or 0)
            claim = self._house.room.claim(min(size, self._limits.size))
        except ValueError as error:
            return str(error) if str(error)[:1] == "5" else "501 5.5.4 Syntax: SIZE=number"
        except SpoolError:
            return "451 4.3.0 Mail cannot be kept now, try again later"
        if size > self._limits.size:
            claim.release()
            return f"552 5.3.4 Too large: {self._limits.size} bytes at most"
        if not claim.is_granted:
            return self._refusal(SpoolError(f"{size} bytes have no room", full=True))
        if not self._house.guests.bring(self._client, self._house.now()):
            claim.release()
            return "450 4.7.1 Too many messages in a minute, try again later"
        self._mail, self._claim = mail, claim
        return "250 2.1.0 OK"

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """Take a recipient, as its exchange would that knows it."""
        await self.push(self._add(arg))

    def _add(self, arg: str | None) -> str:
        if self._mail is None:
            return "503 5.5.1 Send MAIL first"
        try:
            path = read_path("TO", arg)
        except ValueError as error:
            return str(error)
        if not path.address:
            return "553 5.1.3 A recipient is needed"
        if path.parameters:
            return "555 5.5.4 This parameter is not known here"
        if len(self._mail.recipients) >= self._limits.recipients:
            return "452 4.5.3 Too many recipients, send the rest with another message"
        self._mail.recipients.append(path.address)
        return "250 2.1.5 OK"

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take the message."""
        if self._mail is None or not self._mail.recipients:
            await self.push("503 5.5.1 Send MAIL and RCPT first")
        elif arg:
            await self.push("501 5.5.4 Syntax: DATA")
        else:
            assert self._claim is not None
            await self._take(self._mail, self._claim)
            self._set_post_data_state()

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802
        """Encrypt, once."""
        assert self.session is not None
        if self.session.ssl is not None:
            await self.push("503 5.5.1 TLS is there already")
        elif self._has_closed:
            raise EOFError("nobody is there to shake hands")
        else:
            await super().smtp_STARTTLS(arg or "")

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802
        """Tell nothing."""
        await self.push("252 2.5.2 Send mail, and see")

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802
        """Nobody logs in here."""
        await self.push("502 5.5.1 AUTH is not offered")

    async def smtp_HELP(self, arg: str | None) -> None:  # noqa: N802
        """Refer to the document."""
        await self.push("214 2.0.0 See RFC 5321")

    # A message

    async def _take(self, mail: _Mail, claim: Claim) -> None:
        house = self._house
        try:
            draft = house.spool.draft(ident_of(house.now(), secrets.token_bytes(5)))
        except SpoolError as error:
            await self.push(self._refusal(error))
            return
        try:
            await self.push("354 End the message with <CR><LF>.<CR><LF>")
            transfer = await receive(
                self._reader, draft, self._limits.size, claim, Trace(house.hostname),
                self._reset_timeout,
            )  # fmt: skip
        except BaseException:
            draft.drop()
            raise
        if refusal := self._objection(transfer):
            draft.drop()
            await self.push(refusal)
            if transfer.is_endless:
                self._cut()
            return
        self._messages += 1
        await self._hand_over(draft, self._envelope(draft, mail, transfer))

    def _objection(self, transfer: Transfer) -> str | None:
        """Say why a message that came over is not taken."""
        if transfer.is_too_long or transfer.is_endless:
            return f"552 5.3.4 Too large: {self._limits.size} bytes at most"
        if transfer.trouble is not None:
            return self._refusal(transfer.trouble)
        if transfer.is_circle:
            return "554 5.4.6 This message has passed too many servers: it goes in circles"
        if transfer.is_ambiguous:
            return "554 5.6.0 A lone dot between bare line ends could hide a second message"
        return None

    def _refusal(self, error: SpoolError) -> str:
        if error.is_full:
            self._house.tally.note("found no room on the disk (bay.limits.room)", self._client)
            return NO_ROOM
        logger.error("mail cannot be kept: %s", error)
        return "451 4.3.0 Mail cannot be kept now, try again later"

    async def _hand_over(self, draft: Draft, envelope: Envelope) -> None:
        """Have the message taken; that goes on when the client leaves meanwhile."""
        reception = self._house.reception
        self._reset_timeout(self._limits.session)
        task = self.loop.create_task(reception.take(draft, envelope, lambda: self._is_there))
        self._house.work.add(task)
        task.add_done_callback(self._house.work.discard)
        self._is_answering = True
        try:
            reply = await asyncio.shield(task)
            await self.push(str(reply))
        except (asyncio.CancelledError, ConnectionError):
            task.add_done_callback(lambda _: reception.unheard(envelope))
            raise
        finally:
            self._is_answering = False
        self._reset_timeout()

    def _envelope(self, draft: Draft, mail: _Mail, transfer: Transfer) -> Envelope:
        assert self.session is not None
        secured = (self.session.ssl or {}).get("ssl_object")
        cipher = secured.cipher() if secured is not None else None
        return Envelope(
            at=self._house.now(),
            ident=draft.ident,
            client=self._client,
            key=self._house.key(self._client),
            helo=words(self.session.host_name or "")[:LONGEST_HELO],
            sender=mail.sender,
            recipients=tuple(mail.recipients),
            tls=f"{cipher[1]} {cipher[0]}" if cipher else "",
            smtputf8=mail.smtputf8,
            body=mail.body,
            size=draft.size,
            sha256=draft.sha256,
            manners=Manners(
                early=self._early,
                greeting="EHLO" if self.session.extended_smtp else "HELO",
                bare_newlines=transfer.has_bare_newlines,
                unheard=self._unheard,
                faults=self._faults,
            ),
        )


_COMMANDS: Final = tuple(name for name in dir(Session) if name.startswith("smtp_"))


def _mail(path: Path) -> _Mail:
    """Read the parameters of MAIL; raises `ValueError` with the reply."""
    said = dict(path.parameters)
    said.pop("SIZE", None)
    said.pop("AUTH", None)  # AUTH=<>: nobody has logged in (RFC 4954 section 5)
    body = said.pop("BODY", "7BIT").upper()
    if body not in ("7BIT", "8BITMIME"):
        raise ValueError("501 5.5.4 Syntax: BODY=7BIT or BODY=8BITMIME")
    smtputf8 = said.pop("SMTPUTF8", None) is not None
    if said:
        raise ValueError("555 5.5.4 This parameter is not known here")
    return _Mail(path.address, "8BITMIME" if body == "8BITMIME" else "7BIT", smtputf8)
