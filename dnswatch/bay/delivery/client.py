"""Client: gives one message to one exchange, and says what came of each recipient (RFC 5321).

Rules of this file: the envelope and the message pass as they came.  One thing is not passed on: a
bare CR or LF, which RFC 5321 section 2.3.8 forbids and by which mail is smuggled, leaves as CRLF.
Of a reply its first digit decides (section 4.2), whatever its words are.  Encryption is taken where
it is offered, whatever the certificate says (RFC 7435): the alternative is none at all.
"""

import os
import ssl
from asyncio import BaseTransport, WriteTransport
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from dnswatch.bay.record import Envelope
from dnswatch.bay.text import line

CONNECT: Final = 60.0
"""Seconds for a connection and its greeting; RFC 5321 would wait longer for those who tarry."""

COMMAND: Final = 300.0
"""Seconds for the reply to a command (RFC 5321 section 4.5.3.2)."""

DATA: Final = 600.0
"""Seconds for the message and the reply to it (RFC 5321 section 4.5.3.2.6)."""

LONGEST: Final = 500
"""Characters of a reply that are kept."""

Begin = Callable[[str], Awaitable[None]]
"""Told the name of the exchange before a delivery begins, which waits for it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an exchange said of a recipient."""

    result: Literal["delivered", "later", "refused"]
    text: str


class Unreachable(Exception):  # noqa: N818 it is what the exchange is
    """Nothing was begun at this address: another one may do better."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way."""

    envelope: Envelope
    recipients: tuple[str, ...]
    "Those of the envelope that this exchange takes mail for."
    data: bytes
    "The message, behind our own line of its trace."
    is_retry: bool = False
    "It was tried before: then an exchange whose encryption is broken gets it in clear."


async def deliver(
    parcel: Parcel, address: str, port: int, hello: str, begin: Begin
) -> dict[str, Said]:
    """Give a parcel to the exchange at an address; says for each recipient what became of it.

    Raises `Unreachable` where another address is to be tried, and only before `begin` was called.
    """
    try:
        client = await _connect(address, port, hello, parcel.is_retry)
    except (SMTPException, OSError, ValueError) as error:
        raise Unreachable(_text(error)) from None
    try:
        if (fault := _misfit(client, parcel)) is not None:
            await begin(_name(client, address, port))
            return dict.fromkeys(parcel.recipients, fault)
        return await _transact(client, parcel, lambda: begin(_name(client, address, port)))
    finally:
        await _leave(client)


async def _connect(address: str, port: int, hello: str, may_be_clear: bool) -> SMTP:
    """Connect, and encrypt if that can be had.

    A handshake that breaks is a failure like any other: it passes, or somebody on the way wants to
    read the mail.  Only at a later try the mail goes in clear, as Postfix has it.
    """
    client = await _greet(address, port, hello)
    if not client.supports_extension("starttls"):
        return client
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        await client.starttls(tls_context=context, validate_certs=False, timeout=CONNECT)
        await _say_hello(client)
    except (SMTPException, OSError, ValueError) as error:
        is_refused = isinstance(error, SMTPResponseException)  # 454: it cannot encrypt now
        _drop(client.transport)
        if not (is_refused or may_be_clear):
            raise ConnectionError(f"encryption failed: {_text(error)}") from error
        return await _greet(address, port, hello)
    return client


async def _greet(address: str, port: int, hello: str) -> SMTP:
    client = SMTP(
        hostname=address, port=port, local_hostname=hello, timeout=COMMAND, start_tls=False
    )
    try:
        await client.connect(timeout=CONNECT)
        await _say_hello(client)
    except BaseException:
        _drop(client.transport)
        raise
    return client


async def _say_hello(client: SMTP) -> None:
    try:
        await client.ehlo(timeout=COMMAND)
    except SMTPHeloError as error:
        if not client.is_connected:
            raise
        if not _is_yes(error.code):
            await client.helo(timeout=COMMAND)


def _misfit(client: SMTP, parcel: Parcel) -> Said | None:
    """Say why an exchange cannot take a message at all, or None."""
    envelope = parcel.envelope
    is_international = envelope.smtputf8 and not _is_ascii(envelope)
    if is_international and not client.supports_extension("smtputf8"):
        return Said("refused", "the exchange does not know SMTPUTF8 (RFC 6531)")
    size = client.esmtp_extensions.get("size", "")
    if size.isdecimal() and 0 < int(size) < len(parcel.data):
        return Said("refused", f"the exchange takes {size} bytes, and the message is larger")
    return None


async def _transact(
    client: SMTP, parcel: Parcel, begin: Callable[[], Awaitable[None]]
) -> dict[str, Said]:
    said: dict[str, Said] = {}
    is_begun = False
    try:
        reply = await _command(
            client, "MAIL FROM:", parcel.envelope.sender, *_options(client, parcel)
        )
        if 400 <= reply.code < 500:
            raise Unreachable(_line(reply))
        await begin()
        is_begun = True
        if not _is_yes(reply.code):
            return dict.fromkeys(parcel.recipients, _refusal(reply))
        for recipient in parcel.recipients:
            reply = await _command(client, "RCPT TO:", recipient)
            if reply.code == TOO_MANY:
                said[recipient] = Said("later", _line(reply))
            elif not _is_yes(reply.code):
                said[recipient] = _refusal(reply)
        taken = [one for one in parcel.recipients if one not in said]
        if taken:
            said.update(dict.fromkeys(taken, await _send(client, parcel.data)))
    except (SMTPException, OSError, ValueError) as error:
        if not is_begun:
            raise Unreachable(_text(error)) from None
        lost = Said("later", _text(error))
        said = {one: said.get(one, lost) for one in parcel.recipients}
    return said


async def _command(client: SMTP, verb: str, address: str, *options: str) -> SMTPResponse:
    """Send MAIL or RCPT with the address as it was received."""
    first, second = verb.split(" ")
    words = (f"{second}<{address}>", *options)
    encoded = [word.encode("utf-8", "surrogateescape") for word in words]
    return await client.execute_command(first.encode(), *encoded, timeout=COMMAND)


async def _send(client: SMTP, data: bytes) -> Said:
    reply = await client.execute_command(b"DATA", timeout=COMMAND)
    if not 300 <= reply.code < 400:
        return _refusal(reply)
    protocol = client.protocol
    assert protocol is not None, "it has just answered"
    try:
        protocol.write(dotted(data))
        reply = await protocol.read_response(timeout=DATA)
    except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
        # It may have the message whole (RFC 1047): only a second copy is certain to arrive.
        return Said("later", f"{_text(error)}, after the message was sent: it {TWICE}")
    return Said("delivered", _line(reply)) if _is_yes(reply.code) else _refusal(reply)


def dotted(data: bytes) -> bytes:
    """Write a message as DATA has it: lines end in CRLF, a dot before dots, and a last one."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = b"\n" + lines + b"\n" * (bool(lines) and not lines.endswith(b"\n"))
    return text.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")[2:] + b".\r\n"


TOO_MANY: Final = 552
"""To RCPT it means that the rest is to come with another message (RFC 5321 section 4.5.3.1.10)."""

TWICE: Final = "may have been delivered twice"
"""What is said wherever nobody can know."""


def _options(client: SMTP, parcel: Parcel) -> list[str]:
    envelope = parcel.envelope
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(parcel.data)}")
    if envelope.body == "8BITMIME" and client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    is_international = envelope.smtputf8 or not _is_ascii(envelope)
    if is_international and client.supports_extension("smtputf8"):
        options.append("SMTPUTF8")
    return options


def _is_ascii(envelope: Envelope) -> bool:
    return all(text.isascii() for text in (envelope.sender, *envelope.recipients))


def _is_yes(code: int) -> bool:
    return 200 <= code < 300


def _refusal(reply: SMTPResponse) -> Said:
    return Said("refused" if 500 <= reply.code < 600 else "later", _line(reply))


async def _leave(client: SMTP) -> None:
    """Say good-bye; an exchange that does not answer is not waited for long."""
    transport = client.transport
    try:
        if client.is_connected:
            await client.quit(timeout=2.0)
    except (SMTPException, OSError, ValueError):
        pass
    finally:
        _drop(transport)


def _drop(transport: BaseTransport | None) -> None:
    """End a connection at once: TLS would wait half a minute for the exchange to agree to it."""
    if isinstance(transport, WriteTransport):
        transport.abort()


def _name(client: SMTP, address: str, port: int) -> str:
    secure = ", encrypted" if client.get_transport_info("sslcontext") else ""
    return f"{address} port {port}{secure}"


def _line(reply: SMTPResponse) -> str:
    return line(f"{reply.code} {reply.message}", LONGEST)


def _text(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return _line(SMTPResponse(error.code, error.message))
    if isinstance(error, SMTPTimeoutError | TimeoutError):
        return "it did not answer in time"
    if isinstance(error, SMTPConnectError) and error.__cause__ is not None:
        return _text_of_system(error.__cause__)
    return _text_of_system(error)


def _text_of_system(error: BaseException) -> str:
    is_system = isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
    number = getattr(error, "errno", None)
    text = os.strerror(number) if is_system and number else str(error) or type(error).__name__
    return line(text, LONGEST)
