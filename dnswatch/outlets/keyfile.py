"""Key files: what only the service may read, and what TLS needs; read at the start and at a reload.

Their content stands in no message and in no log.
"""

import base64
import binascii
import os
import ssl
import stat
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from dnswatch.errors import SettingsError
from dnswatch.settings import Sink

LONGEST: Final = 4096
"""Bytes of such a file."""

_MAKE_KEY: Final = 'make one with `(printf whsec_; openssl rand -base64 32) > "{}"`'


def private_text(path: str, mend: str) -> str:
    """Read a file that others may not read; `mend` says what to do where there is none.

    Raises `SettingsError`.
    """
    where = f"events.secret: '{path}'"
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(LONGEST).decode(errors="replace").strip()
    except OSError as error:
        raise SettingsError(f"{where} cannot be read ({error.strerror}): {mend}") from None
    if mode & stat.S_IRWXO:
        raise SettingsError(f"{where} may be read by everybody: run `chmod o= '{path}'`")
    return text


def signing_key(path: str) -> bytes:
    """Read the key that webhooks are signed with.

    Raises `SettingsError` where the file is not there, may be read by others, or holds no key as
    Standard Webhooks has it: `whsec_` and the base64 of 24 to 64 octets.
    """
    mend = _MAKE_KEY.format(path)
    text = private_text(path, mend)
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise SettingsError(f"events.secret: '{path}' holds no key: {mend}")
    return key


def service_url(path: str) -> str:
    """Read the address of a service, as Apprise writes them; raises `SettingsError`."""
    text = private_text(path, "write the service's address into it, as Apprise has it")
    if "://" not in text or any(one.isspace() for one in text):
        raise SettingsError(f"events.secret: '{path}' does not hold one address of a service")
    return text


def tls_context(sink: Sink) -> ssl.SSLContext:
    """Return how a receiver is known: by its certificate and its name, always.

    Raises `SettingsError` where a file of the sink cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=sink.ca_file or None)
    except OSError as error:  # ssl.SSLError is one
        raise _unusable("ca_file", sink.ca_file, error) from None
    if sink.certificate:
        try:
            # Without a password OpenSSL would ask the terminal for one.
            context.load_cert_chain(sink.certificate, sink.key or None, password=b"")
        except OSError as error:
            raise _unusable("certificate", sink.certificate, error) from None
    return context


def check(sink: Sink) -> None:
    """See that what a sink needs is there; raises `SettingsError`."""
    if sink.to.is_webhook:
        signing_key(sink.secret)
    if sink.to.scheme == "apprise":
        service_url(sink.secret)
        if find_spec("apprise") is None:
            raise SettingsError(
                f"events.to: '{sink.to}' needs the library apprise, which the extra 'notify' brings"
            )
    if sink.to.is_encrypted:
        tls_context(sink)


def _unusable(key: str, path: str, error: OSError) -> SettingsError:
    why = "it holds none in PEM" if isinstance(error, ssl.SSLError) else error.strerror
    return SettingsError(f"events.{key}: '{path}' cannot be used: {why}")
