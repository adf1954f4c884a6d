"""Export: messages as files that other programs read; nothing is overwritten.

An .eml is the message byte for byte.  An mbox (RFC 4155, in its reversible form "mboxrd") has LF
for CRLF and quotes lines that begin with "From ", for that is what an mbox is.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from dnswatch.bay.spool import Spool
from dnswatch.errors import SpoolError

_FROM: Final = re.compile(rb"^(>*From )", re.MULTILINE)


def to_eml(spool: Spool, ident: str, folder: Path) -> Path:
    """Write a message to a file of its own; return which."""
    path = folder / f"{ident}.eml"
    with spool.open(ident) as message, _making(path) as file:
        while chunk := message.read(1 << 20):
            file.write(chunk)
    return path


def to_mbox(spool: Spool, idents: Iterable[str], path: Path) -> None:
    """Write messages to one mbox."""
    with _making(path) as file:
        for ident in idents:
            envelope = spool.message(ident).envelope
            at = datetime.fromtimestamp(envelope.at, UTC)
            sender = re.sub(r"[^!-~]", "?", envelope.sender) or "MAILER-DAEMON"
            with spool.open(ident) as message:
                body = message.read().replace(b"\r\n", b"\n")
            file.write(f"From {sender} {at:%a %b %e %H:%M:%S %Y}\n".encode())
            file.write(_FROM.sub(rb">\1", body).rstrip(b"\n") + b"\n\n")


@contextmanager
def _making(path: Path) -> Iterator[BinaryIO]:
    """Make a file for its owner alone; one that stayed half is removed."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise SpoolError(f"'{path}' is there already: name another place, or remove it") from None
    except OSError as error:
        raise SpoolError(f"cannot write '{path}': {error.strerror or error}") from None
    try:
        with os.fdopen(number, "wb") as file:
            yield file
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SpoolError(
            f"cannot write '{path}': {error.strerror or error}; it was removed again"
        ) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
