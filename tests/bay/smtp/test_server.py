"""The sockets at which the bay takes mail."""

import socket

import pytest

from dnswatch.bay.smtp.server import bind
from dnswatch.errors import SettingsError
from dnswatch.settings import MailEndpoint
from tests.loopback import reserve


def test_several_addresses_are_bound() -> None:
    """The bay takes mail at every endpoint, of either family."""
    with reserve() as four, reserve("::1") as six:
        ports = four.getsockname()[1], six.getsockname()[1]
    sockets = bind((MailEndpoint(f"127.0.0.1:{ports[0]}"), MailEndpoint(f"[::1]:{ports[1]}")))
    assert [sock.getsockname()[1] for sock in sockets] == list(ports)
    for sock in sockets:
        sock.close()


def test_endpoint_that_cannot_be_had_is_named_with_the_mend() -> None:
    """A port that is taken, or another machine's address, is an error that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken, reserve() as holder:
        free = MailEndpoint(f"127.0.0.1:{holder.getsockname()[1]}")
        busy = MailEndpoint(f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(SettingsError, match="another server is there; stop it"):
            bind((free, busy))
        with pytest.raises(SettingsError, match="no such address; add it"):
            bind((MailEndpoint("192.0.2.1:2525"),))


def test_a_reply_does_not_wait_until_the_one_before_is_acknowledged() -> None:
    """Connections that are accepted have Nagle's algorithm off: clients delay acknowledgements."""
    with reserve() as holder:
        endpoint = MailEndpoint(f"127.0.0.1:{holder.getsockname()[1]}")
    (listener,) = bind((endpoint,))
    listener.listen()
    listener.setblocking(True)
    with socket.create_connection(listener.getsockname()), listener.accept()[0] as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    listener.close()
