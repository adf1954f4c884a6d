"""The door lets in whom it may, once it is said who that is, and keeps nobody on the step."""

import logging
import os
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dnswatch.seams.ingest import Hello
from dnswatch.serve.vantages import close_door, open_door
from dnswatch.settings import Ingest, UnixSocket
from dnswatch.watchdog import door as rules
from dnswatch.watchdog.door import GUESTS, Door
from tests.watchdog.guest import Guest


class House:
    """A door, whoever came in, and the loop that looks after them."""

    def __init__(self, path: Path, inside: ExitStack) -> None:
        self.path = path
        listening = open_door(Ingest(listen=UnixSocket(f"unix:{path}")))
        assert listening is not None
        inside.callback(close_door, listening)
        self._inside = inside
        self._selector = inside.enter_context(selectors.DefaultSelector())
        self.come: list[Hello] = []
        self.door = Door(listening, self._let_in)
        self.door.configure(())
        self.door.open(self._selector)

    def _let_in(self, hello: Hello, guest: socket.socket) -> str | None:
        self._inside.callback(guest.close)
        self.come.append(hello)
        return "the house is full" if hello.hello == "late" else None

    def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            for key, _ in self._selector.select():
                key.data()

    def guest(self, hello: object) -> Guest:
        return self._inside.enter_context(closing(Guest(self.path, hello)))

    def refused(self, hello: object) -> str:
        """Return why one that begins so is sent away."""
        guest, before = self.guest(hello), self.door.refused
        self.until(lambda: self.door.refused > before)
        return guest.answer()["refused"]


@pytest.fixture
def house() -> Iterator[House]:
    """A door that everybody can reach."""
    with TemporaryDirectory() as folder, ExitStack() as inside:
        Path(folder).chmod(0o755)
        yield House(Path(folder, "door"), inside)


def test_who_says_who_it_is_comes_in(house: House) -> None:
    """It hears that it is welcome, or from whoever is asked, why it is not."""
    guest = house.guest({"hello": "zeek", "lag": 2})
    house.until(lambda: bool(house.come))
    assert guest.answer() == {"welcome": "zeek"}
    assert house.come == [Hello("zeek", 2.0)]
    assert house.refused({"hello": "late"}) == "the house is full"
    assert house.refused({"hello": "late", "lag": 1e9}).startswith("did not say who it is")
    assert house.refused([]).startswith("did not say who it is")
    house.guest(None).close()
    house.until(lambda: house.door.refused == 4)


def test_who_says_nothing_is_sent_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is for a moment, and for so many at a time."""
    waiting = [house.guest(None) for _ in range(5)]
    house.until(lambda: len(house.door._step) == 5)
    house.door.tidy()
    assert house.door.refused == 0
    monkeypatch.setattr(rules, "PATIENCE", -1.0)
    house.door.tidy()
    assert [guest.answer()["refused"] for guest in waiting] == ["said nothing for -1 s"] * 5
    monkeypatch.setattr(rules, "GUESTS", 2)
    assert GUESTS > 2
    house.guest(None), house.guest(None)
    assert house.refused(None) == "2 are waiting at the door already"
    house.door.tidy()
    assert house.door.refused == 8


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_stranger_is_refused(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever is not listed is told so, by the kernel's word and whatever the file's rights are;
    who is refused again and again fills no log."""
    house.path.chmod(0o666)

    def knocks() -> Guest:
        os.seteuid(65534)
        try:
            return house.guest({"hello": "stranger"})
        finally:
            os.seteuid(0)

    with caplog.at_level(logging.WARNING):
        guests = [knocks() for _ in range(3)]
        house.until(lambda: house.door.refused == 3)
        why = "user 65534 is not listed in 'ingest.users'"
        assert [guest.answer() for guest in guests] == [{"refused": why}] * 3
        assert caplog.messages == [f"a vantage point was refused: {why}"]
        house.door.configure(["65534", "nobody-at-all"])
        assert "nobody-at-all" in caplog.messages[-1]
    guest = knocks()
    house.until(lambda: bool(house.come))
    assert guest.answer() == {"welcome": "stranger"}
