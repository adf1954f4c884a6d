"""An admin can reckon a verdict again by hand."""

import re
from math import exp, inf, log

from msgspec.structs import replace

from bench.detection import lookups
from dnswatch.model.detection.verdict import Plan
from dnswatch.model.finding import Finding
from dnswatch.model.policies.orders import Overrule, Word

from .scene import DAY, READY, SENDER, attack, detector, learned


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


def by_hand(lines: list[str]) -> float:
    """Reckon a score from the numbers and by the rules that are printed, and from nothing else."""
    text = "\n".join(lines)
    senders = [
        (float(speed), [float(share) / 100 for share in re.findall(r"(\d+)%", shares)])
        for speed, shares in re.findall(r"(\d+) times as often, going on in ([^;\n]+)", text)
    ]
    levels = ("its burst goes on", "a burst goes on with", "a sitting goes on with", "a session")
    parts: list[float] = []
    weights: list[float] = []
    for line in lines:
        if found := re.search(r": x ([\d.]+), R =", line):
            parts = [part * float(found[1]) for part in parts]
        if not (told := re.search(r"\(at most ([\d.]+) a day; (.*?)\): R = (.*?) = ", line)):
            continue
        rate, bounds = float(told[1]), [float(one.strip(" %")) / 100 for one in told[2].split("/")]
        weights = [float(one.split(" x ")[0]) for one in told[3].split(" + ")]
        parts = parts or [1 / ((speed - 1) * rate) for speed, _ in senders]
        ended = next(n for n, level in enumerate(levels) if f"is new to it, {level}" in line)
        is_first = parts == [1 / ((speed - 1) * rate) for speed, _ in senders]
        idle = re.search(r"after ([\d.]+) days of working time", line)
        for n, (speed, own) in enumerate(senders):
            shares = [max(share, bound) for share, bound in zip(own, bounds, strict=True)]
            for level in range(0 if is_first else ended):
                parts[n] *= (1 - shares[level]) / (1 - bounds[level])
            if idle:
                k = (speed - 1) * rate
                left = exp(-k * float(idle[1]))
                parts[n] = (parts[n] * left + (1 - left) / k) * speed
            else:
                parts[n] *= shares[ended] / bounds[ended]
    share = re.search(r"its statistic is (\d+)% of the last R", text)
    assert share
    mean = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    return log(float(share[1]) / 100 * mean)


def test_a_person_with_a_calculator_arrives_at_the_score() -> None:
    """Through bursts, sittings, sessions, idle days and indicators, by what `explain` prints."""
    watch, at = learned(), READY
    for n, pause in enumerate((0, 60, 900, 5000, 20, 20_000, 600, 30, DAY, 400)):
        at += pause
        for lookup in lookups.delivery(at, SENDER, f"target{n}.net")[: 1 + n % 3]:
            watch.see(lookup)
    lines = watch.explain(SENDER, at + 40)
    printed = re.search(r"score ([\d.]+) of ([\d.]+) nats", lines[0])
    assert printed
    assert lines[0].startswith("suspect")
    assert sum("is new to it" in line for line in lines) == 10
    assert abs(by_hand(lines) - float(printed[1])) < 0.02


def test_the_verdict_stands_first_with_its_limit_and_its_evidence() -> None:
    """Score, limit, bounds, domains and indicators, in sentences."""
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
