"""Server: the sockets at which the bay takes mail, and its certificate for STARTTLS.

A site may configure a certificate.  The bay never pretends to be the real exchange; mail servers
that do not insist on a name encrypt to any certificate (RFC 7435), and those that do insist wait,
as they must.
"""

import asyncio
import errno
import os
import socket
import ssl
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dnswatch.bay.smtp.connection import Shared
from dnswatch.bay.smtp.session import Session
from dnswatch.errors import SettingsError, SpoolError
from dnswatch.settings import MailEndpoint
from dnswatch.settings.bay import Tls

FILE: Final = "bay.pem"
"""Certificate and key that the bay made itself, in the state directory."""

_LIFE: Final = timedelta(days=365)
_RENEWAL: Final = timedelta(days=30)


def context(tls: Tls, state: Path, hostname: str, now: float) -> ssl.SSLContext | None:
    """Return what STARTTLS needs; None where it is not to be offered."""
    if not tls.offer:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = tls.certificate, tls.key or None
    if not certificate:
        certificate = str(_own(state / FILE, hostname, datetime.fromtimestamp(now, UTC)))
        key = None
    try:
        # Without a password OpenSSL would ask the terminal for one.
        made.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(
            f"bay.tls: '{certificate}' and its key cannot be used ({error}); expected PEM files:"
            " a certificate with its chain, and the key that belongs to it"
        ) from None
    return made


def _own(path: Path, hostname: str, now: datetime) -> Path:
    """Make a certificate, unless there is one that is good for a while."""
    if _is_good(path, hostname, now):
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM),
    )
    return path


def _is_good(path: Path, hostname: str, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    is_named = hostname in names.value.get_values_for_type(x509.DNSName)
    return is_named and certificate.not_valid_after_utc - _RENEWAL > now


def _write(path: Path, pem: bytes) -> None:
    draft = path.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        draft.rename(path)
    except OSError as error:
        raise SpoolError(
            f"cannot write the bay's own certificate '{path}': {error.strerror};"
            " make its directory writable, or configure one as bay.tls.certificate"
        ) from None


BACKLOG: Final = 512
"""Connections that wait to be accepted."""


def bind(endpoints: tuple[MailEndpoint, ...]) -> list[socket.socket]:
    """Bind a socket for each endpoint; raises `SettingsError` where one cannot be had."""
    sockets: list[socket.socket] = []
    try:
        for endpoint in endpoints:
            sockets.append(_bind(endpoint))
    except SettingsError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


class SmtpServer:
    """Sessions on some sockets."""

    def __init__(self, shared: Shared, sockets: list[socket.socket]) -> None:
        """Serve clients on `sockets` as `shared` says."""
        self._shared = shared
        self._sockets = sockets
        self._servers: list[asyncio.Server] = []
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()

    async def start(self) -> None:
        """Begin to take mail."""
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            server = await loop.create_server(self._session, sock=sock, backlog=BACKLOG)
            self._servers.append(server)

    async def stop(self, patience: float) -> None:
        """Take no more; what is on the way in has `patience` seconds, and was not acknowledged."""
        for server in self._servers:
            server.close()
        for session in list(self._sessions):
            session.bid_farewell()
        if self._shared.work:
            await asyncio.wait(self._shared.work, timeout=patience)

    def _session(self) -> Session:
        session = Session(self._shared)
        self._sessions.add(session)
        return session


def _bind(endpoint: MailEndpoint) -> socket.socket:
    family = socket.AF_INET if endpoint.address.version == 4 else socket.AF_INET6
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError(_reason(endpoint, error)) from None
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it; asyncio sets it only where a socket names its protocol.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((str(endpoint.address), endpoint.port))
    except OSError as error:
        sock.close()
        raise SettingsError(_reason(endpoint, error)) from None
    return sock


def _reason(endpoint: MailEndpoint, error: OSError) -> str:
    """Say what is wrong with an endpoint, and the mend."""
    place = f"the holding bay cannot take mail at '{endpoint}'"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{place}: another server is there; stop it (`ss -lntp` names it), or choose another"
            " endpoint as bay.listen"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"{place}: a port below 1024 needs the right to bind it;"
            " see 'As the site's resolver' in docs/start.md"
        )
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return (
            f"{place}: this machine has no such address; add it, or change quarantine.addresses"
            " or bay.listen"
        )
    return f"{place}: {error.strerror}"
