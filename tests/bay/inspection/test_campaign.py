"""The same payload to many people."""

import pytest

from dnswatch.bay.inspection.campaign import Campaign
from tests.bay.inspection.letters import envelope, letter, look

WORDS = (
    "The committee met on Tuesday in the small room and found that the roof must be repaired before"
    " winter comes. Three offers are on the table, of which the second is the cheapest, though its"
    " builder wants to be paid in advance. We ask all members to send their opinion by Friday, and"
    " to bring the keys of the shed, which nobody has seen since the summer festival. "
)


def campaign(clock: list[float]) -> Campaign:
    """A campaign is five equal messages, or ten that are nearly so."""
    return Campaign(copies=5, near_copies=10, window=60, now=lambda: clock[0])


def test_same_payload_to_many_people_is_suspicious() -> None:
    """The fifth message with one payload is a campaign, whichever client of the site sends it."""
    inspector, message = campaign([0]), letter()
    said = [
        look(inspector, envelope(key=f"client{number % 2}", recipients=(f"{number}@x",)), message)
        for number in range(5)
    ]
    assert [says for says, _ in said] == ["clean"] * 4 + ["suspicious"]
    assert "5 messages to different people, by 2 clients" in said[-1][1]


def test_retries_are_no_campaign() -> None:
    """A message that was deferred and comes again, to the same people, counts once."""
    inspector = campaign([0])
    assert {look(inspector, envelope(), letter())[0] for _ in range(20)} == {"clean"}


def test_campaign_ends_with_the_window() -> None:
    """A payload now and then is no campaign."""
    clock = [0.0]
    inspector = campaign(clock)
    for number in range(20):
        clock[0] += 20
        said, _ = look(inspector, envelope(recipients=(f"{number}@x",)), letter())
        assert said == "clean"


def test_payloads_that_are_nearly_the_same_are_a_campaign() -> None:
    """A text in which each has the name of its reader is one payload in the end."""
    pytest.importorskip("tlsh")
    inspector = campaign([0])
    said = [
        look(inspector, envelope(recipients=(f"{name}@x",)), letter(text=f"Dear {name},\n{WORDS}"))[
            0
        ]
        for name in ["Ann", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hanna", "Ivo", "Jan"]
    ]
    assert said == ["clean"] * 9 + ["suspicious"]


def test_different_letters_are_no_campaign() -> None:
    """A person who writes many letters in an hour is no campaign."""
    inspector, words = campaign([0]), WORDS.split()
    for number in range(15):
        text = " ".join(words[number:] + words[:: number + 1] * 3 + [str(number)] * number)
        said, reason = look(inspector, envelope(recipients=(f"{number}@x",)), letter(text=text))
        assert said == "clean", reason
