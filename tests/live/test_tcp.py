"""TCP: many questions on a connection, answers as they come, and bounds on what clients hold."""

import socket
import struct
import time
from contextlib import ExitStack

import dns.message
import dns.query
import pytest

from tests import check
from tests.behaviour import by_name, delayed, huge
from tests.live.site import Serve, Site


def framed(*queries: dns.message.Message) -> bytes:
    """Write queries as TCP carries them (RFC 1035 section 4.2.2)."""
    wires = [query.to_wire() for query in queries]
    return b"".join(struct.pack("!H", len(wire)) + wire for wire in wires)


def receive(client: socket.socket) -> dns.message.Message:
    """Read one response."""
    response, _ = dns.query.receive_tcp(client, time.time() + 8)
    return response


def is_closed(client: socket.socket) -> bool:
    """Wait until dnswatch closes a connection, and tell whether it did."""
    try:
        return client.recv(65535) == b""
    except ConnectionResetError:
        return True


def test_questions_may_be_piped(site: Site) -> None:
    """A client sends 100 questions at once and gets 100 answers, each under its ID (RFC 7766)."""
    queries = [site.query(f"piped{number}.example", id=number) for number in range(100)]
    with site.connect() as client:
        client.sendall(framed(*queries))
        assert sorted(receive(client).id for _ in queries) == list(range(100))


def test_answers_come_as_they_are_ready(serve: Serve) -> None:
    """A slow question does not hold up a quick one behind it (RFC 7766 section 6.2.1.1)."""
    site = serve(by_name({"slow.example.": delayed(1.0)}))
    with site.connect() as client:
        client.sendall(framed(site.query("slow.example"), site.query("quick.example")))
        order = [receive(client).question[0].name.to_text() for _ in range(2)]
    assert order == ["quick.example.", "slow.example."]


def test_a_question_may_come_byte_by_byte(site: Site) -> None:
    """However a question is cut into segments, it is answered once."""
    with site.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(site.query("crumbs.example")):
            client.send(bytes([octet]))
        check.noerror(receive(client))


def test_a_client_may_close_its_side_first(site: Site) -> None:
    """A client that shuts down its sending side still gets its answers."""
    with site.connect() as client:
        client.sendall(framed(site.query("half.example"), site.query("closed.example")))
        client.shutdown(socket.SHUT_WR)
        names = {receive(client).question[0].name.to_text() for _ in range(2)}
        assert names == {"half.example.", "closed.example."}
        assert is_closed(client)


def test_silent_connections_are_closed(serve: Serve) -> None:
    """A connection that says nothing is closed after `limits.tcp_idle`, also amid a question."""
    site = serve(settings={"limits.tcp_idle": "500ms"})
    with site.connect() as silent, site.connect() as halting:
        halting.sendall(framed(site.query("halting.example"))[:9])
        assert is_closed(silent)
        assert is_closed(halting)


def test_a_connection_in_use_is_kept(serve: Serve) -> None:
    """A connection whose answer is not there yet is not idle."""
    site = serve(delayed(1.5), settings={"limits.tcp_idle": "500ms"})
    with site.connect() as client:
        client.sendall(framed(site.query("patience.example")))
        check.noerror(receive(client))


def test_one_client_holds_only_so_many_connections(serve: Serve) -> None:
    """Above `limits.tcp_per_client` the client's own longest idle connection is closed; others'
    stay."""
    site = serve(settings={"limits.tcp_per_client": 3})
    with ExitStack() as stack:
        other = stack.enter_context(connect_from(site, "127.0.0.2"))
        own = [stack.enter_context(site.connect()) for _ in range(4)]
        assert is_closed(own[0])
        for client in (other, *own[1:]):
            client.sendall(framed(site.query("still.example")))
            check.noerror(receive(client))


def test_all_clients_hold_only_so_many_connections(serve: Serve) -> None:
    """Above `limits.tcp_connections` the connection that is idle longest is closed."""
    site = serve(settings={"limits.tcp_connections": 3, "limits.tcp_per_client": 3})
    with ExitStack() as stack:
        clients = [
            stack.enter_context(connect_from(site, f"127.0.0.{host}")) for host in range(2, 6)
        ]
        assert is_closed(clients[0])
        clients[-1].sendall(framed(site.query("last.example")))
        check.noerror(receive(clients[-1]))


def test_a_client_that_never_reads_holds_up_nobody(serve: Serve) -> None:
    """A client that asks for much and takes nothing is cut off in the end, and all others are
    answered meanwhile."""
    site = serve(huge(60_000), settings={"limits.tcp_idle": "1s"})
    question = framed(site.query("huge.example", "TXT"))
    with site.connect() as greedy:
        greedy.settimeout(0.5)
        with pytest.raises((TimeoutError, ConnectionError)):
            greedy.sendall(question * 200_000)
        check.noerror(site.ask_tcp("huge.example", "TXT"))


@pytest.mark.parametrize("wire", [b"\0\0", b"\0\5abcde", b"\xff\xff" + b"x" * 70_000])
def test_nonsense_ends_only_its_own_connection(site: Site, wire: bytes) -> None:
    """Frames that hold no query, or more than a query can be, harm nobody else."""
    with site.connect() as client:
        client.sendall(wire)
        check.noerror(site.ask_tcp("unharmed.example"))


def connect_from(site: Site, source: str) -> socket.socket:
    """Open a connection from another address of the loopback network."""
    return socket.create_connection((site.listen, site.port), 8, (source, 0))
