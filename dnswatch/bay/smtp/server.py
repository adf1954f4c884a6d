"""The server: the sockets at which the bay takes mail, and the sessions on them."""

import asyncio
import errno
import socket
import weakref
from typing import Final

from dnswatch.bay.smtp.connection import Shared
from dnswatch.bay.smtp.session import Session
from dnswatch.errors import SettingsError
from dnswatch.settings import MailEndpoint

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


class Server:
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
