"""Messages, and what they are judged by."""

import asyncio
import io
import zipfile
from collections.abc import Callable, Coroutine
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from dnswatch.bay.inspection.anatomy.dissection import dissect
from dnswatch.bay.inspection.opinions import Inspected, Inspector, Said
from dnswatch.bay.record import Envelope, Manners

T = TypeVar("T")

UNPACKED = 10_000_000
"""Bytes that archives may unpack to."""

PROGRAM = b"MZ\x90\0\x03" + bytes(200)
"""How a program for Windows begins."""


def letter(
    *files: tuple[str, bytes], text: str = "Good morning", subject: str = "Greetings"
) -> bytes:
    """Write a message with files attached."""
    message = EmailMessage()
    message["From"], message["To"] = "somebody@there.example", "you@here.example"
    message["Subject"] = subject
    message.set_content(text)
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes().replace(b"\n", b"\r\n")


def zipped(*files: tuple[str, bytes]) -> bytes:
    """Pack files into a ZIP archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return packed.getvalue()


def envelope(**fields: Any) -> Envelope:
    """Write an envelope; what a test does not care for is as an ordinary client has it."""
    usual: dict[str, Any] = {
        "at": 1000.0,
        "ident": "1",
        "client": "192.168.1.7",
        "key": "192.168.1.7",
        "helo": "pc7",
        "sender": "somebody@there.example",
        "recipients": ("you@here.example",),
        "size": 1000,
        "sha256": "",
        "manners": Manners(),
    }
    return Envelope(**(usual | fields))


def look(
    inspector: Inspector, sealed: Envelope, message: bytes = b"", path: Path = Path("none")
) -> Said:
    """Let one inspector look at a message."""

    async def looking() -> Said:
        return await inspector.look(Inspected(sealed, path, dissect(message, UNPACKED)))

    return run(looking)


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run to the end, or fail after a minute."""
    return asyncio.run(asyncio.wait_for(main(), 60))
