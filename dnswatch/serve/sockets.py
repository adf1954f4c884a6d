"""The listening sockets: for each worker its own UDP and TCP socket at each endpoint.

The kernel shares queries out among them (SO_REUSEPORT).  The supervisor keeps all of them open, so
that queries wait in the socket while a worker that died is started again.
"""

import errno
import logging
import socket
from typing import Final

from dnswatch.errors import SettingsError
from dnswatch.proxy.worker import Listening
from dnswatch.settings import Endpoint, Serve

RECEIVE_BUFFER: Final = 4 << 20
"""Bytes asked for, so that a burst waits rather than gets lost; the kernel may cap it."""

log = logging.getLogger("dnswatch.serve")


def bind_all(serve: Serve) -> list[list[Listening]]:
    """Bind for each worker its sockets at every endpoint; without endpoints there is no worker.

    Raises `SettingsError` where an endpoint is taken, forbidden or not this machine's; one of the
    default endpoints may be missing (a machine without IPv6).
    """
    endpoints = [(endpoint, False, False) for endpoint in serve.listen]
    endpoints += [(endpoint, True, False) for endpoint in serve.redirected]
    endpoints += [(endpoint, False, True) for endpoint in serve.proxied]
    if not endpoints:
        return []
    bound: list[list[Listening]] = [[] for _ in range(serve.workers)]
    for endpoint, *what in endpoints:
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                _bind(endpoint, kind, shared=False).close()  # is another server there?
                for sockets in bound:
                    sockets.append(Listening(_bind(endpoint, kind, shared=True), *what))
        except OSError as error:
            if error.errno not in _NOT_HERE or endpoint not in Serve().listen:
                raise SettingsError(_reason(endpoint, error)) from None
            log.warning("not listening on '%s': this machine has no such address", endpoint)
    if not bound[0]:
        raise SettingsError("there is no endpoint to listen on: give one with --listen")
    return bound


_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def _bind(endpoint: Endpoint, kind: socket.SocketKind, *, shared: bool) -> socket.socket:
    family = socket.AF_INET if endpoint.address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, kind)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it; asyncio sets it only where a socket names its protocol.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((str(endpoint.address), endpoint.port))
    except OSError:
        sock.close()
        raise
    return sock


def _reason(endpoint: Endpoint, error: OSError) -> str:
    """Say what is wrong with an endpoint, and the mend."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"cannot listen on '{endpoint}': another server is there; stop it (`ss -lnup` names it)"
            " or choose another endpoint with --listen"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"cannot listen on '{endpoint}': a port below 1024 needs the right to bind it;"
            " see 'As the site's resolver' in docs/start.md"
        )
    if error.errno in _NOT_HERE:
        return f"cannot listen on '{endpoint}': this machine has no such address"
    return f"cannot listen on '{endpoint}': {error.strerror}"
