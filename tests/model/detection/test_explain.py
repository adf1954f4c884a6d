"""An admin can reckon a verdict again by hand."""

import re
from math import inf

from msgspec.structs import replace

from dnswatch.model.detection.verdict import Plan
from dnswatch.model.finding import Finding
from dnswatch.model.policies.orders import Overrule, Word

from .scene import READY, SENDER, attack, detector, learned


def test_each_step_of_the_statistic_is_told_with_its_numbers() -> None:
    """R is the weighted mean of the components that stand beside it."""
    watch = learned()
    for lookup in attack(3):
        watch.see(lookup)
    lines = [line for line in watch.explain(SENDER, READY + 5) if "is new to it" in line]
    assert len(lines) == 3
    for line in lines:
        found = re.search(r"R = (.*) = (\S+) days", line)
        assert found
        parts = [part.replace(",", "").split(" x ") for part in found[1].split(" + ")]
        reckoned = sum(float(weight) * float(part) for weight, part in parts)
        assert abs(reckoned / float(found[2].replace(",", "")) - 1) < 0.02


def test_the_verdict_stands_first_with_its_limit_and_its_evidence() -> None:
    """Score, limit, bounds, domains and marks, in sentences."""
    watch = learned()
    for lookup in attack(20):
        watch.see(lookup)
    text = "\n".join(watch.explain(SENDER, READY + 30))
    assert text.startswith("infected: score ")
    assert "it fades at" in text
    assert "mail domains new to it since" in text
    assert "as a sender must" in text
    assert "since the verdict it went on" in text
    assert "an honest client of its kind begins at most" in text


def test_a_persons_word_is_told_with_its_reason() -> None:
    """Who reads a verdict sees that it was overruled."""
    watch = learned()
    watch.overrule(SENDER, Overrule(Word.TRUST, 0.0, READY + 60, "a newsletter"), READY)
    assert "a person has trusted it: a newsletter" in watch.explain(SENDER, READY + 1)


def test_a_word_without_an_end_is_told_as_such() -> None:
    """Who is distrusted for good does not fade at any time."""
    watch = learned()
    watch.overrule(SENDER, Overrule(Word.DISTRUST, 0.0, inf), READY)
    assert "it stands until a person says otherwise" in watch.explain(SENDER, READY + 1)


def test_the_learning_period_is_told() -> None:
    """Nobody wonders why a new site has no verdicts."""
    watch = detector(Plan())
    for lookup in attack(3, begin=READY - 20 * 86400):
        watch.see(lookup)
    said = watch.explain(SENDER, READY - 19 * 86400)
    assert said[0].startswith(
        "learning until day 14 00:00:00: not judged yet; by the cautious bounds"
    )


def test_what_the_bay_found_is_told() -> None:
    """Each message that was judged stands there with its reason, and what it weighed."""
    watch = learned()
    for lookup in attack(20):
        watch.see(lookup)
    watch.find(Finding(1, READY + 60, SENDER, "clean", "m1", "nothing was found"), READY + 60)
    watch.find(Finding(2, READY + 61, SENDER, "worm", "m2", "ClamAV knows it"), READY + 61)
    watch.find(Finding(3, READY + 62, SENDER, "worm", "m3", "ClamAV knows it"), READY + 62)
    lines = watch.explain(SENDER, READY + 63)
    assert "found 2 to be worms" in lines[2]
    assert "message m3: ClamAV knows it" in lines[2]
    assert "m1 clean: nothing was found: x 0.501" in lines[-3]
    assert "m2 worm: ClamAV knows it: x 999" in lines[-2]
    assert lines[-1].endswith("nothing new that day")


def test_in_short_are_the_verdict_three_facts_and_what_would_clear_it() -> None:
    """Nobody reads forty lines first; what is to be done today is told while a site is learned."""
    watch = learned()
    for lookup in attack(20):
        watch.see(lookup)
    first, *facts, last = watch.explain(SENDER, READY + 30, is_short=True)
    assert first.startswith("infected: score ")
    assert 1 <= len(facts) <= 3
    assert last.startswith("what would clear it: nothing more until day 22")
    new = detector()
    for lookup in attack(3):
        new.see(replace(lookup, at=lookup.at - 20 * 86400))
    assert "dnswatch clients distrust" in new.explain(SENDER, READY - 19 * 86400, is_short=True)[-1]
