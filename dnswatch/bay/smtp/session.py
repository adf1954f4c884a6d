"""A session: what a client says, command by command, and what it is answered (RFC 5321)."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext, SSLError
from typing import Final, Literal

from dnswatch.bay.disposition import SmtpReply
from dnswatch.bay.record import Envelope, Manners
from dnswatch.bay.smtp.connection import FAULT, Shared, SmtpConnection
from dnswatch.bay.smtp.limits import Claim
from dnswatch.bay.smtp.path import Path, read_path
from dnswatch.bay.smtp.transfer import Trace, Transfer
from dnswatch.bay.spool import Draft, ident_of
from dnswatch.bay.text import words
from dnswatch.errors import SpoolError

logger: Final = logging.getLogger("dnswatch.bay")

NO_ROOM: Final = "452 4.3.1 Not enough room for mail now, try again later"

LONGEST_HELO: Final = 512
"""Characters of what a client calls itself that are kept."""


@dataclass(slots=True)
class _Transaction:
    """A transaction: MAIL FROM and what follows it."""

    sender: str
    body: Literal["7BIT", "8BITMIME"]
    smtputf8: bool
    claim: Claim
    recipients: list[str] = field(default_factory=list)
    transfer: Transfer | None = None
    "The message on its way in."


class Session(SmtpConnection):
    """What is said on one connection."""

    def __init__(self, shared: Shared) -> None:
        """Speak as `shared` says."""
        super().__init__(shared)
        self._helo = ""
        self._is_extended = False
        "It said EHLO."
        self._mail: _Transaction | None = None
        self._messages = 0

    def _obey(self, line: bytes) -> None:
        """Follow a command."""
        name, _, argument = line.partition(b" ")
        command = _COMMANDS.get(name.upper())
        if command is None:
            self._reply("500 5.5.2 This command is not known here")
            return
        self._reset_timeout()
        # Not all that strangers send is UTF-8; the bytes are found again in what this makes of it.
        answer = command(self, argument.strip().decode("utf-8", "surrogateescape"))
        if answer:
            self._reply(answer)

    def _forget_mail(self) -> None:
        """End the transaction, whatever came of it."""
        if self._mail is not None:
            if self._mail.transfer is not None:
                self._mail.transfer.draft.drop()
            self._mail.claim.release()
            self._mail = None

    # Commands

    def _helo_(self, name: str) -> str:
        """Hear what the client calls itself; so begins everything anew."""
        if not name:
            return "501 5.5.4 Syntax: HELO hostname"
        self._forget_mail()
        self._helo, self._is_extended = name, False
        return f"250 {self._shared.hostname}"

    def _ehlo(self, name: str) -> str:
        """Do so, and say what is offered."""
        if not name:
            return "501 5.5.4 Syntax: EHLO hostname"
        self._forget_mail()
        self._helo, self._is_extended = name, True
        offers = [self._shared.hostname, f"SIZE {self._limits.size}", "8BITMIME", "SMTPUTF8"]
        if self._shared.tls is not None and self._tls is None:
            offers.append("STARTTLS")
        return "".join(f"250-{offer}\r\n" for offer in offers) + "250 ENHANCEDSTATUSCODES"

    def _mail_(self, argument: str) -> str:
        """Begin a transaction, with or without a hello: Postfix needs none either."""
        if self._mail is not None:
            return "503 5.5.1 One sender is enough: send RSET first"
        if self._messages >= self._limits.messages:
            self._leave("421 4.7.0 Enough messages for one connection, connect anew")
            return ""
        try:
            path = read_path("FROM", argument)
            size = int(path.parameters.get("SIZE") or 0)
            mail = _transaction(path, self._shared.room.claim(min(size, self._limits.size)))
        except ValueError as error:
            return str(error) if str(error)[:1] == "5" else "501 5.5.4 Syntax: SIZE=number"
        except SpoolError:
            return "451 4.3.0 Mail cannot be kept now, try again later"
        refusal = self._objection_to(size, mail.claim)
        if refusal:
            mail.claim.release()
        else:
            self._mail = mail
        return refusal or "250 2.1.0 OK"

    def _objection_to(self, size: int, claim: Claim) -> str:
        """Say why a message of this size is not taken now."""
        if size > self._limits.size:
            return f"552 5.3.4 Too large: {self._limits.size} bytes at most"
        if not claim.is_granted:
            return self._refusal(SpoolError(f"{size} bytes have no room", full=True))
        if not self._shared.rate_limits.bring(self._client, self._shared.now()):
            return "450 4.7.1 Too many messages in a minute, try again later"
        return ""

    def _rcpt(self, argument: str) -> str:
        """Take a recipient, as its exchange would that knows it."""
        if self._mail is None:
            return "503 5.5.1 Send MAIL first"
        try:
            path = read_path("TO", argument)
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

    def _data(self, argument: str) -> str:
        """Begin to take the message."""
        if self._mail is None or not self._mail.recipients:
            return "503 5.5.1 Send MAIL and RCPT first"
        if argument:
            return "501 5.5.4 Syntax: DATA"
        shared = self._shared
        try:
            draft = shared.spool.draft(ident_of(shared.now(), secrets.token_bytes(5)))
        except SpoolError as error:
            return self._refusal(error)
        trace = Trace(shared.hostname)
        self._mail.transfer = Transfer(draft, self._limits.size, self._mail.claim, trace)
        self._state = "data"
        return "354 End the message with <CR><LF>.<CR><LF>"

    def _rset(self, argument: str) -> str:
        """Begin anew."""
        if argument:
            return "501 5.5.4 Syntax: RSET"
        self._forget_mail()
        return "250 2.0.0 OK"

    def _starttls(self, argument: str) -> str:
        """Encrypt, once (RFC 3207)."""
        if argument:
            return "501 5.5.4 Syntax: STARTTLS"
        if self._tls is not None:
            return "503 5.5.1 TLS is there already"
        if self._shared.tls is None:
            return "454 4.7.0 TLS is not available"
        if self._has_closed or self._transport is None:  # nobody is there to shake hands
            self._cut()
            return ""
        self._state = "waiting"
        # What a stranger put in front of the encrypted part must not count as said in it.
        self._pending.clear()
        self._transport.pause_reading()
        self._write("220 2.0.0 Ready to start TLS")
        self._begin_work(self._encrypt(self._transport, self._shared.tls))
        return ""

    async def _encrypt(self, transport: asyncio.Transport, tls: SSLContext) -> None:
        try:
            encrypted = await self._loop.start_tls(transport, self, tls, server_side=True)
        except (OSError, EOFError, SSLError):  # the client left, or speaks no TLS
            encrypted = None
        if encrypted is None:
            self._note("broke off TLS")
            self._abort()
            return
        self._transport = encrypted
        self._tls = encrypted.get_extra_info("ssl_object")
        self._forget_mail()
        self._helo, self._is_extended = "", False
        self._work = None
        self._state = "commands"
        self._go_on()

    def _vrfy(self, _: str) -> str:
        """Tell nothing."""
        return "252 2.5.2 Send mail, and see"

    def _auth(self, _: str) -> str:
        """Nobody logs in here."""
        return "502 5.5.1 AUTH is not offered"

    def _help(self, _: str) -> str:
        """Refer to the document."""
        return "214 2.0.0 See RFC 5321"

    def _noop(self, _: str) -> str:
        """Do nothing."""
        return "250 2.0.0 OK"

    def _quit(self, argument: str) -> str:
        """End the connection."""
        if argument:
            return "501 5.5.4 Syntax: QUIT"
        self._leave("221 2.0.0 Bye")
        return ""

    # A message

    def _take_piece(self) -> bool:
        """Take what came of a message; False where its end has to come first."""
        mail = self._mail
        assert mail is not None
        assert mail.transfer is not None
        if not self._pending:
            return False
        piece = bytes(self._pending)
        self._pending.clear()
        self._reset_timeout()
        rest = mail.transfer.feed(piece)
        if rest is None:
            return False
        self._pending += rest
        transfer, mail.transfer = mail.transfer, None
        self._state = "commands"
        if refusal := self._objection(transfer):
            transfer.draft.drop()
            self._forget_mail()
            self._reply(refusal)
            if transfer.is_endless:
                self._cut()
            return True
        self._messages += 1
        self._hand_over(transfer.draft, self._envelope(transfer.draft, mail, transfer))
        return True

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
            self._note("found no room on the disk (bay.limits.room)", is_fault=True)
            return NO_ROOM
        logger.error("mail cannot be kept: %s", error)
        return "451 4.3.0 Mail cannot be kept now, try again later"

    def _hand_over(self, draft: Draft, envelope: Envelope) -> None:
        """Have the message taken; that goes on when the client leaves meanwhile."""
        shared = self._shared
        self._state = "waiting"
        self._is_answering = True
        self._reset_timeout(self._limits.session)
        taking = shared.reception.take(draft, envelope, lambda: self._is_there)
        task = self._loop.create_task(taking)
        shared.work.add(task)
        task.add_done_callback(shared.work.discard)
        task.add_done_callback(lambda done: self._answer(done, envelope))

    def _answer(self, done: "asyncio.Task[SmtpReply]", envelope: Envelope) -> None:
        """Tell the client what became of its message."""
        self._is_answering = False
        self._forget_mail()
        if self._state == "over":
            self._shared.reception.unheard(envelope)
            return
        if done.cancelled() or (error := done.exception()) is not None:
            self._note("met a fault of dnswatch", None if done.cancelled() else error)
            self._reply(FAULT)
        else:
            self._reply(str(done.result()))
        if self._state == "waiting":
            self._state = "commands"
        self._reset_timeout()
        self._go_on()

    def _envelope(self, draft: Draft, mail: _Transaction, transfer: Transfer) -> Envelope:
        cipher = self._tls.cipher() if self._tls is not None else None
        return Envelope(
            at=self._shared.now(),
            ident=draft.ident,
            client=self._client,
            key=self._shared.key(self._client),
            helo=words(self._helo)[:LONGEST_HELO],
            sender=mail.sender,
            recipients=tuple(mail.recipients),
            tls=f"{cipher[1]} {cipher[0]}" if cipher else "",
            smtputf8=mail.smtputf8,
            body=mail.body,
            size=draft.size,
            sha256=draft.sha256,
            manners=Manners(
                early=self._early,
                greeting="EHLO" if self._is_extended else "HELO",
                bare_newlines=transfer.has_bare_newlines,
                unheard=self._unheard,
                faults=self._faults,
            ),
        )


_COMMANDS: Final[dict[bytes, Callable[[Session, str], str]]] = {
    b"HELO": Session._helo_,
    b"EHLO": Session._ehlo,
    b"MAIL": Session._mail_,
    b"RCPT": Session._rcpt,
    b"DATA": Session._data,
    b"RSET": Session._rset,
    b"STARTTLS": Session._starttls,
    b"VRFY": Session._vrfy,
    b"AUTH": Session._auth,
    b"HELP": Session._help,
    b"NOOP": Session._noop,
    b"QUIT": Session._quit,
}
"""Each returns its answer; an empty one was given already, or is given later."""


def _transaction(path: Path, claim: Claim) -> _Transaction:
    """Read the parameters of MAIL; raises `ValueError` with the reply."""
    said = dict(path.parameters)
    said.pop("SIZE", None)
    said.pop("AUTH", None)  # AUTH=<>: nobody has logged in (RFC 4954 section 5)
    body = said.pop("BODY", "7BIT").upper()
    fault = ""
    if body not in ("7BIT", "8BITMIME"):
        fault = "501 5.5.4 Syntax: BODY=7BIT or BODY=8BITMIME"
    smtputf8 = said.pop("SMTPUTF8", None) is not None
    if said:
        fault = "555 5.5.4 This parameter is not known here"
    if fault:
        claim.release()
        raise ValueError(fault)
    return _Transaction(path.address, "8BITMIME" if body == "8BITMIME" else "7BIT", smtputf8, claim)
