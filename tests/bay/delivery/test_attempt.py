"""One round of deliveries for one message."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import cast

import pytest

from dnswatch import clock
from dnswatch.bay.delivery.attempt import Attempts, domain_of
from dnswatch.bay.delivery.routes import MailLookups, MailRoutes, OwnAddresses
from dnswatch.bay.record import Decision, DeliveryOutcome, Tried
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message
from dnswatch.settings import Duration, Server, Settings
from dnswatch.settings.bay import Bay, Release
from dnswatch.settings.mail import MailHost
from tests.bay.exchange import Blunt, Exchange
from tests.bay.mail import NOW, decide, keep, released, spool_in
from tests.bay.site import mail_zone, zone
from tests.behaviour import Behaviour
from tests.upstream import Upstream


@dataclass
class Scene:
    """A spool, an upstream and an exchange."""

    spool: Spool
    upstream: Upstream
    exchange: Exchange

    def run(self, ident: str, blunt: Blunt | None = None, **release: object) -> Message:
        """Do one round for a message; return it afterwards."""
        port = (blunt or self.exchange).port
        asked = Release(loopback=True, port=port, **release)  # type: ignore[arg-type]
        lookups = MailLookups((Server(self.upstream.url),))
        routes = MailRoutes(
            lookups,
            own=OwnAddresses(Settings(bay=Bay(release=asked))),
            release=asked,
            now=clock.now,
            chance=Random(0),
        )
        rounds = Attempts(self.spool, routes, asked, "bay.corp.example", clock.now)
        asyncio.run(rounds.run(self.spool.message(ident)))
        return self.spool.message(ident)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A site whose mail to three domains goes to one exchange."""
    with Exchange() as exchange, Upstream() as upstream:
        zone_ = mail_zone(exchange, "there.example", "also.example")
        upstream.behaviour = cast(Behaviour, zone_)
        yield Scene(spool_in(tmp_path), upstream, exchange)


def results(message: Message) -> dict[str, str | None]:
    """What came of each recipient."""
    return {one.address: one.result for one in message.recipients}


def test_recipients_of_one_exchange_share_a_delivery(scene: Scene) -> None:
    """Two domains with the same exchange cost one message, which names both recipients."""
    to = ("bob@there.example", "carol@also.example", "dora@there.example")
    message = scene.run(released(scene.spool, to=to))
    assert message.state == "released"
    (taken,) = scene.exchange.taken
    assert sorted(taken.recipients) == sorted(to)


def test_more_than_a_hundred_recipients_go_in_several_messages(scene: Scene) -> None:
    """No exchange must take more at a time (RFC 5321 section 4.5.3.1.8)."""
    to = [f"r{number}@there.example" for number in range(250)]
    message = scene.run(released(scene.spool, to=to))
    assert message.state == "released"
    assert sorted(len(one.recipients) for one in scene.exchange.taken) == [50, 100, 100]
    assert {one for taken in scene.exchange.taken for one in taken.recipients} == set(to)


def test_each_recipient_has_its_own_outcome(scene: Scene) -> None:
    """One domain is not there, one recipient is refused, one is busy: the rest is delivered."""
    answers = {"no@there.example": "550 no", "busy@there.example": "450 busy"}
    scene.exchange.rcpt = answers.get
    to = (*answers, "bob@there.example", "x@missing.example", "nodomain")
    message = scene.run(released(scene.spool, to=to))
    assert results(message) == {
        "no@there.example": "refused",
        "busy@there.example": "later",
        "bob@there.example": "delivered",
        "x@missing.example": "refused",
        "nodomain": "refused",
    }
    assert message.state == "releasing"


def test_only_whom_it_was_released_to_gets_it(scene: Scene) -> None:
    """A decision for some recipients sends nothing to the others."""
    ident = keep(scene.spool, to=("bob@there.example", "eve@there.example"))
    decide(scene.spool, ident, "hold")
    order = Decision(
        at=clock.now(), fate="release", actor="anna", recipients=("bob@there.example",)
    )
    scene.spool.append(ident, order)
    message = scene.run(ident)
    assert message.state == "held"
    assert [one.recipients for one in scene.exchange.taken] == [("bob@there.example",)]


def test_the_next_exchange_is_tried(scene: Scene) -> None:
    """One that is not there is passed over."""
    scene.upstream.behaviour = cast(
        Behaviour,
        zone(
            {
                ("there.example", "MX"): ("10 dead.there.example.", "20 mx.there.example."),
                ("dead.there.example", "A"): ("127.0.0.99",),
                ("mx.there.example", "A"): ("127.0.0.1",),
            }
        ),
    )
    ident = released(scene.spool)
    assert scene.run(ident).state == "released"
    (tried,) = [line for line in scene.spool.lines(ident) if isinstance(line, Tried)]
    assert tried.exchange.startswith("mx.there.example at 127.0.0.1")


def test_a_smarthost_takes_all(scene: Scene) -> None:
    """Where one is configured no route is searched."""
    host = MailHost(f"127.0.0.1:{scene.exchange.port}")
    ident = released(scene.spool, to=("a@x.example", "b@y.example"))
    assert scene.run(ident, smarthosts=(host,)).state == "released"
    assert scene.upstream.asked == []
    assert len(scene.exchange.taken) == 1


def test_what_was_cut_short_is_told_and_sent_again(scene: Scene) -> None:
    """A delivery without an outcome may have come to pass: that is said, and it goes again."""
    ident = released(scene.spool)
    scene.spool.append(ident, Tried(at=NOW, recipients=("bob@there.example",), exchange="mx"))
    message = scene.run(ident, retry=Duration(1.0))
    lines = scene.spool.lines(ident)
    told = [line.text for line in lines if isinstance(line, DeliveryOutcome)]
    assert "may have been delivered twice" in told[0]
    assert message.state == "released"
    assert len(scene.exchange.taken) == 1


def test_after_days_it_is_given_up(scene: Scene) -> None:
    """The last answer of the exchange is the reason."""
    ident = keep(scene.spool)
    decide(scene.spool, ident, "release", clock.now() - 6 * 86400)
    message = scene.run(ident)
    assert message.state == "failed"
    assert "given up" in message.recipients[0].text
    assert scene.exchange.taken == []


def test_an_exchange_that_is_down_counts_as_a_try(scene: Scene) -> None:
    """Nothing is lost, and the reason stands in the record."""
    scene.upstream.behaviour = cast(
        Behaviour, zone({("there.example", "A"): ("127.0.0.99",)}, names=("there.example",))
    )
    message = scene.run(released(scene.spool))
    assert message.state == "releasing"
    assert message.recipients[0].tries == 1
    assert "127.0.0.99" in message.recipients[0].text


def test_domains_of_addresses() -> None:
    """The domain stands after the last @, in lower case."""
    assert domain_of('"a@b"@There.Example') == "there.example"
    assert domain_of("postmaster") == ""


def test_an_exchange_that_replies_in_latin_1_gets_the_mail_once_a_try(scene: Scene) -> None:
    """Its words are written down whatever their bytes, so that its turn is waited for."""
    with Blunt(**{".": b"451 Empf\xe4nger besch\xe4ftigt\r\n"}) as blunt:
        scene.upstream.behaviour = cast(Behaviour, mail_zone(blunt, "there.example"))
        ident = released(scene.spool)
        message = [scene.run(ident, blunt) for _ in range(3)][-1]
        assert len(blunt.taken) == 1
    assert results(message) == {"bob@there.example": "later"}
    assert message.recipients[0].text == "451 Empf\xe4nger besch\xe4ftigt"


def test_a_fault_of_our_own_sends_nothing_twice_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks after an exchange took a message: an outcome is on disk before the next try.

    The next one comes when that of any message which was not taken would.
    """

    def broken(*_: object) -> object:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("dnswatch.bay.delivery.client.Said", broken)
    ident = released(scene.spool)
    for _ in range(3):
        message = scene.run(ident)
    assert len(scene.exchange.taken) == 1
    assert results(message) == {"bob@there.example": "later"}
    assert "twice" in message.recipients[0].text


def test_a_record_that_takes_no_outcome_sends_nothing_twice_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a last bar: what has no outcome after a fault gets one before anything is sent again."""
    asked = Release(loopback=True, port=scene.exchange.port)
    lookups = MailLookups((Server(scene.upstream.url),))
    own = OwnAddresses(Settings(bay=Bay(release=asked)))
    routes = MailRoutes(lookups, own=own, release=asked, now=clock.now, chance=Random(0))
    rounds = Attempts(scene.spool, routes, asked, "bay.corp.example", clock.now)
    ident = released(scene.spool)
    with monkeypatch.context() as patch:
        patch.setattr("dnswatch.bay.delivery.attempt._outcomes", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            asyncio.run(rounds.run(scene.spool.message(ident)))
    assert scene.spool.message(ident).recipients[0].is_open
    asyncio.run(rounds.run(scene.spool.message(ident)))
    assert len(scene.exchange.taken) == 1
    assert results(scene.spool.message(ident)) == {"bob@there.example": "later"}
