"""Listening sockets: one for each worker, endpoint and transport, or a sentence that says why."""

import socket
from collections.abc import Iterator

import pytest

from dnswatch.errors import SettingsError
from dnswatch.proxy.worker import Listening
from dnswatch.serve.sockets import bind_all
from dnswatch.settings import Endpoint, Serve
from tests.loopback import reserve


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with reserve() as holder:
        return int(holder.getsockname()[1])


@pytest.fixture
def taken() -> Iterator[int]:
    """A port where another server answers over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        yield int(other.getsockname()[1])


def close(bound: list[list[Listening]]) -> None:
    """Let go of all sockets."""
    for sockets in bound:
        for one in sockets:
            one.sock.close()


def test_each_worker_has_its_own_sockets(port: int) -> None:
    """UDP and TCP at every endpoint, none blocking; TCP does not accept before a worker does."""
    bound = bind_all(Serve(listen=(Endpoint(f"127.0.0.1:{port}"),), workers=3))
    assert len(bound) == 3
    for sockets in bound:
        kinds = [one.sock.type for one in sockets]
        assert kinds == [socket.SOCK_DGRAM, socket.SOCK_STREAM]
        assert not any(one.redirected or one.sock.getblocking() for one in sockets)
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", port))
    close(bound)


def test_an_answer_over_tcp_does_not_wait_until_the_one_before_is_acknowledged(port: int) -> None:
    """Nagle's algorithm would hold up what is pipelined (RFC 7766 section 6.2.1.1): it is off."""
    bound = bind_all(Serve(listen=(Endpoint(f"127.0.0.1:{port}"),)))
    listener = bound[0][1].sock
    listener.listen()
    listener.setblocking(True)
    with socket.create_connection(("127.0.0.1", port)), listener.accept()[0] as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    close(bound)


def test_endpoints_of_each_kind_are_told_apart(port: int) -> None:
    """What comes in on a redirected endpoint can be marked, and what fronts send be unwrapped."""
    serve = Serve(
        listen=(Endpoint(f"127.0.0.1:{port}"),),
        redirected=(Endpoint(f"127.0.0.2:{port}"),),
        proxied=(Endpoint(f"127.0.0.3:{port}"),),
    )
    bound = bind_all(serve)
    there = {(one.sock.getsockname()[0], one.redirected, one.proxied) for one in bound[0]}
    assert there == {
        ("127.0.0.1", False, False),
        ("127.0.0.2", True, False),
        ("127.0.0.3", False, True),
    }
    close(bound)


def test_ipv6_is_for_ipv6_alone() -> None:
    """`[::]` and `0.0.0.0` may stand side by side."""
    with reserve("0.0.0.0") as holder:  # at every address: others have ports at some
        port = holder.getsockname()[1]
    bound = bind_all(Serve(listen=(Endpoint(f"0.0.0.0:{port}"), Endpoint(f"[::]:{port}"))))
    assert len(bound[0]) == 4
    close(bound)


def test_another_server_is_named_and_not_shared_with(taken: int) -> None:
    """Where a port is taken nothing starts, and the mend is said."""
    with pytest.raises(SettingsError, match=rf"'127.0.0.1:{taken}'.*another server.*--listen"):
        bind_all(Serve(listen=(Endpoint(f"127.0.0.1:{taken}"),)))


def test_another_dnswatch_is_another_server(port: int) -> None:
    """Two of them never share a port by accident."""
    serve = Serve(listen=(Endpoint(f"127.0.0.1:{port}"),))
    bound = bind_all(serve)
    with pytest.raises(SettingsError, match="another server"):
        bind_all(serve)
    close(bound)


def test_an_address_of_another_machine_is_refused(port: int) -> None:
    """An endpoint that somebody wrote must be there."""
    with pytest.raises(SettingsError, match="no such address"):
        bind_all(Serve(listen=(Endpoint(f"192.0.2.1:{port}"),)))
