"""An admin can reckon a verdict again by hand."""

import re

from dnswatch.model.detection.verdict import Plan
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


def test_the_learning_period_is_told() -> None:
    """Nobody wonders why a new site has no verdicts."""
    watch = detector(Plan())
    for lookup in attack(3, begin=READY - 20 * 86400):
        watch.see(lookup)
    assert "still being learned" in watch.explain(SENDER, READY - 19 * 86400)[-1]
