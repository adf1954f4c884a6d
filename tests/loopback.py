"""Ports on loopback that nobody else in this test run uses, however many processes run tests."""

import errno
import socket


def reserve(address: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Bind a TCP port that is free for UDP too, and hold it until the socket is closed.

    Port 0 takes any; another one must be free.
    The holder does not listen, so connections are refused; whoever says SO_REUSEADDR or
    SO_REUSEPORT may listen there, and no other test is given it meanwhile.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        holder = _bind(family, socket.SOCK_STREAM, address, port)
        try:
            _bind(family, socket.SOCK_DGRAM, address, holder.getsockname()[1]).close()
        except OSError as error:
            holder.close()
            if port or error.errno != errno.EADDRINUSE:
                raise
        else:
            return holder


def _bind(family: int, kind: int, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, kind)
    if kind == socket.SOCK_STREAM:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
