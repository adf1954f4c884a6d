"""Turns over real sockets: what is taken in, in which turn, and what happens at its end."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from dnswatch.proxy.turns import Turns

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[Callable[[], Pair]]:
    """Makes two ends of a line for datagrams; the second does not block."""
    with ExitStack() as stack:

        def made() -> Pair:
            ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            for end in ends:
                stack.enter_context(end)
                end.setblocking(False)
            return ends

        yield made


@contextmanager
def heard_faults() -> Iterator[list[BaseException]]:
    """Collect what callbacks of the loop raise."""
    faults: list[BaseException] = []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        faults.append(context["exception"])

    asyncio.get_running_loop().set_exception_handler(note)
    yield faults


def test_what_comes_meanwhile_is_taken_in_by_the_same_turn(pairs: Callable[[], Pair]) -> None:
    """A question and its answer need one turn where the answer is there at once; what was left to
    the end of a look is done before the next."""

    async def scene() -> None:
        turns, done = Turns(), asyncio.Event()
        (client, listener), (server, port) = pairs(), pairs()
        seen: list[bytes] = []
        looks: set[int] = set()
        look = 0

        def next_look() -> None:
            nonlocal look
            look += 1
            asyncio.get_running_loop().call_soon(next_look)

        def take_query() -> int:
            seen.append(listener.recv(99))
            looks.add(look)
            turns.finally_do(ask)
            return 1

        def ask() -> None:
            seen.append(b"asked")
            server.send(b"answer")

        def take_answer() -> int:
            seen.append(port.recv(99))
            looks.add(look)
            done.set()
            return 1

        turns.add(listener.fileno(), take_query)
        turns.add(port.fileno(), take_answer)
        next_look()
        client.send(b"query")
        await done.wait()
        assert seen == [b"query", b"asked", b"answer"]
        assert len(looks) == 1, "the loop did not come between"

    asyncio.run(scene())


def test_what_is_left_to_no_turn_is_done_soon(pairs: Callable[[], Pair]) -> None:
    """Outside of turns, as where a query came over TCP, it waits for the loop alone."""

    async def scene() -> None:
        done = asyncio.Event()
        Turns().finally_do(done.set)
        assert not done.is_set()
        await done.wait()

    asyncio.run(scene())


@pytest.mark.parametrize("says", [0, 1, 64])
def test_a_socket_that_is_never_empty_holds_nobody_up(pairs: Callable[[], Pair], says: int) -> None:
    """A turn ends after 64 datagrams, or 8 looks, though more is there: others have their turns."""

    async def scene() -> None:
        turns = Turns()
        here, there = pairs()
        calls = 0

        def leave_it() -> int:
            nonlocal calls
            calls += 1
            return says

        here.send(b"for ever")
        turns.add(there.fileno(), leave_it)
        while not calls:
            await asyncio.sleep(0)
        assert calls == (1 if says == 64 else 8)
        turns.remove(there.fileno())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert calls == (1 if says == 64 else 8), "it is not looked at any more"

    asyncio.run(scene())


def test_a_fault_at_one_socket_ends_nothing_else(pairs: Callable[[], Pair]) -> None:
    """It is told to the loop; what was left to the end of the look is done, others are heard."""

    async def scene() -> None:
        turns, heard, done = Turns(), asyncio.Event(), asyncio.Event()
        (bad_client, bad), (client, good) = pairs(), pairs()

        def fail() -> int:
            bad.recv(99)
            turns.finally_do(done.set)
            raise ZeroDivisionError

        def hear() -> int:
            good.recv(99)
            heard.set()
            return 1

        turns.add(bad.fileno(), fail)
        turns.add(good.fileno(), hear)
        with heard_faults() as faults:
            bad_client.send(b"bad")
            client.send(b"good")
            await heard.wait()
            await done.wait()
            assert [type(fault) for fault in faults] == [ZeroDivisionError]

    asyncio.run(scene())


def test_each_event_loop_has_turns_of_its_own(pairs: Callable[[], Pair]) -> None:
    """A loop that ended with sockets still looked at leaves nothing to the next."""
    turns = Turns()

    async def scene() -> None:
        heard = asyncio.Event()
        here, there = pairs()

        def hear() -> int:
            heard.set()
            return len(there.recv(9))

        turns.add(there.fileno(), hear)
        here.send(b"query")
        await heard.wait()

    asyncio.run(scene())
    asyncio.run(scene())
