"""The summary of a run, for a person."""

from dnswatch.lab.campus.run.truth import Fate, Infection, Mail, Truth
from dnswatch.lab.campus.summary import summary

WORM, SERVER = b"\x0a\0\0\6", b"\x0a\0\0\1"


def test_a_run_without_a_worm_says_so() -> None:
    """Nobody looks for what is not there."""
    truth = Truth()
    truth.tried(Mail(0.0, SERVER, "a.org", None, "", Fate.LEFT), is_server=True)
    text = "\n".join(summary(truth))
    assert "none broke out" in text
    assert "none of them touched" in text


def test_a_run_tells_how_soon_the_worm_was_found() -> None:
    """In mail domains and in seconds."""
    truth = Truth()
    truth.infect(Infection(100.0, WORM, "slow", None))
    for number in range(3):
        truth.tried(Mail(110.0, WORM, f"d{number}.org", None, "slow", Fate.LEFT), is_server=False)
    assert "found     none" in "\n".join(summary(truth))
    truth.judged(WORM, "infected", 160.0)
    assert "1 of 1, in the median after 3 mail domains and 60 s" in "\n".join(summary(truth))
