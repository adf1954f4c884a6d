"""Datagrams in batches, over real sockets of both families."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from dnswatch.proxy.datagrams import (
    HEADER_WORDS,
    LENGTH_WORD,
    PKTINFO_BYTES,
    SLOT_BYTES,
    SLOTS,
    DatagramBatch,
)
from tests import check

Bind = Callable[[str], socket.socket]


@pytest.fixture
def bind() -> Iterator[Bind]:
    """Bind UDP sockets that end with the test."""
    with ExitStack() as stack:

        def make(address: str) -> socket.socket:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            sock.settimeout(check.PATIENCE)
            sock.bind((address, 0))
            return sock

        yield make


def taken(room: DatagramBatch, count: int) -> list[bytes]:
    """The datagrams in the first `count` slots."""
    return [
        room.view[
            slot * SLOT_BYTES : slot * SLOT_BYTES + room.lengths[slot * HEADER_WORDS + LENGTH_WORD]
        ].tobytes()
        for slot in range(count)
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_answers_go_to_those_who_asked(bind: Bind, address: str) -> None:
    """Each datagram is answered over its own slot, to its own sender, with a new length."""
    server, clients = bind(address), [bind(address) for _ in range(5)]
    for number, client in enumerate(clients):
        client.sendto(b"question %d" % number, server.getsockname())
    room = DatagramBatch()
    count = check.eventually(lambda: room.receive(server.fileno()))
    assert taken(room, count) == [b"question %d" % number for number in range(5)]
    for slot in range(count):
        at = slot * SLOT_BYTES
        room.data[at : at + 3] = b"A%d!" % slot
        room.out_lengths[slot * 2 + 1] = 3
    assert room.send(server.fileno(), 0, count) == 0
    assert [client.recv(99) for client in clients] == [b"A%d!" % n for n in range(5)]


def test_more_than_a_batch_comes_in_several(bind: Bind) -> None:
    """What does not fit into one batch waits for the next, in order."""
    server, client = bind("127.0.0.1"), bind("127.0.0.1")
    sent = [b"%d" % number for number in range(2 * SLOTS + 7)]
    for message in sent:
        client.sendto(message, server.getsockname())
    room, got = DatagramBatch(), list[bytes]()
    sizes = []
    while count := room.receive(server.fileno()):
        sizes.append(count)
        got += taken(room, count)
    assert sizes == [SLOTS, SLOTS, 7]
    assert got == sent


def test_an_empty_socket_gives_nothing(bind: Bind) -> None:
    """Nothing waits: nothing comes, and nobody waits for it."""
    assert DatagramBatch().receive(bind("127.0.0.1").fileno()) == 0


def test_a_long_datagram_is_cut(bind: Bind) -> None:
    """A datagram longer than a slot leaves the next one alone."""
    server, client = bind("127.0.0.1"), bind("127.0.0.1")
    client.sendto(b"x" * (SLOT_BYTES + 100), server.getsockname())
    client.sendto(b"next", server.getsockname())
    room = DatagramBatch()
    assert taken(room, room.receive(server.fileno())) == [b"x" * SLOT_BYTES, b"next"]


def test_a_room_can_be_used_again(bind: Bind) -> None:
    """A short batch after a long one, and a long datagram after a short answer, come whole."""
    server, client = bind("127.0.0.1"), bind("127.0.0.1")
    room = DatagramBatch()
    for message in (b"long " * 100, b"s", b"long again " * 100):
        client.sendto(message, server.getsockname())
        assert taken(room, check.eventually(lambda: room.receive(server.fileno()))) == [message]
        room.out_lengths[1] = 1
        room.send(server.fileno(), 0, 1)
        assert client.recv(9999) == message[:1]


@pytest.mark.parametrize(
    ("wildcard", "asked"), [("0.0.0.0", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"), ("::", "::1")]
)
def test_an_answer_leaves_from_the_address_that_was_asked(
    bind: Bind, wildcard: str, asked: str
) -> None:
    """On a socket bound to all addresses the control data of a query is that of its answer."""
    server, client = bind(wildcard), bind(asked if ":" in asked else "127.0.0.1")
    if ":" in wildcard:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        server.setsockopt(socket.IPPROTO_IP, 8, 1)
    client.sendto(b"question", (asked, server.getsockname()[1]))
    room = DatagramBatch(control=PKTINFO_BYTES[server.family])
    assert check.eventually(lambda: room.receive(server.fileno())) == 1
    room.out_lengths[1] = 8
    assert room.send(server.fileno(), 0, 1) == 0
    message, source = client.recvfrom(99)
    assert (message, source[0]) == (b"question", asked)


@pytest.mark.parametrize(
    ("wildcard", "asked"), [("0.0.0.0", ["127.0.0.2", "127.0.0.3"]), ("::", ["::1", "::1"])]
)
def test_answers_written_later_leave_from_there_too(
    bind: Bind, wildcard: str, asked: list[str]
) -> None:
    """Ways may be kept and given to answers in another room, of any lengths, in any order."""
    server, clients = (
        bind(wildcard),
        [bind("::1" if ":" in wildcard else "127.0.0.1") for _ in asked],
    )
    if ":" in wildcard:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        server.setsockopt(socket.IPPROTO_IP, 8, 1)
    control = PKTINFO_BYTES[server.family]
    room, later = DatagramBatch(control=control), DatagramBatch(control=control)
    for answer in (b"short", b"longer " * 500, b"s"):
        ways = []
        for client, address in zip(clients, asked, strict=True):
            client.sendto(b"question", (address, server.getsockname()[1]))
            assert check.eventually(lambda: room.receive(server.fileno())) == 1
            ways.append(bytes(room.ways[: room.way_bytes]))
        later.write([answer + b"2", answer], ways[::-1])
        assert later.send(server.fileno(), 0, 2) == 0
        got = [client.recvfrom(9999) for client in clients]
        assert [message for message, _ in got] == [answer, answer + b"2"]
        assert [source[0] for _, source in got] == asked


def test_a_datagram_that_cannot_leave_holds_up_no_other(bind: Bind) -> None:
    """What the kernel refuses to send is counted and passed over."""
    server, client = bind("127.0.0.1"), bind("127.0.0.1")
    room = DatagramBatch()
    to = client.getsockname()
    good = (
        socket.AF_INET.to_bytes(2, "little") + to[1].to_bytes(2, "big") + b"\x7f\0\0\1" + bytes(24)
    )
    bad = good[:2] + b"\0\0" + good[4:]  # port 0
    room.write([b"0", b"1", b"2"], [good, bad, good])
    assert room.send(server.fileno(), 0, 3) == 1
    assert [client.recv(9), client.recv(9)] == [b"0", b"2"]


def test_what_the_kernel_says_of_a_socket_is_raised(bind: Bind) -> None:
    """A closed socket is an error, not an empty one."""
    server = bind("127.0.0.1")
    fd = server.fileno()
    server.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        DatagramBatch().receive(fd)
