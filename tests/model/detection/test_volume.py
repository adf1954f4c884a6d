"""Who mails to the same few domains again and again is found without a novel mail domain."""

import pytest

from bench.detection import lookups
from dnswatch.model.detection.verdict import State

from .scene import DAY, READY, SENDER, learned


@pytest.mark.parametrize(
    ("domains", "pause", "within"),
    [(4, 1.0, 1800.0), (8, 1.0, 1800.0), (4, 300.0, DAY), (8, 300.0, DAY)],
)
def test_a_bot_of_few_domains_is_infected(domains: int, pause: float, within: float) -> None:
    """One a second within half an hour, one in five minutes within a day."""
    watch, number = learned(), 0
    while watch.verdict(SENDER, READY + number * pause).state != State.INFECTED:
        at = READY + number * pause
        assert at - READY <= within
        for lookup in lookups.delivery(at, SENDER, f"freemail{number % domains}.com"):
            watch.see(lookup)
        number += 1


def test_a_monitor_and_a_mailing_to_known_places_are_no_volume() -> None:
    """One domain each minute is none, and forty mails to eight known domains are too few."""
    watch, monitor = learned(), lookups.client(160)
    for n in range(3 * 1440):
        watch.see(lookups.mx(READY + n * 60.0, monitor, f"monitored{n % 3}.com"))
    assert watch.verdict(monitor, READY + 3 * DAY).state == State.CLEAN
    writer = lookups.client(170)
    for n in range(8):
        watch.see(lookups.mx(READY + (3 + n) * DAY, writer, f"known{n}.com"))
    for n in range(25):
        watch.see(lookups.mx(READY + 12 * DAY + n * 40, writer, f"known{n % 8}.com"))
    assert watch.verdict(writer, READY + 12 * DAY + 1000).state != State.INFECTED


def test_volume_is_told() -> None:
    """An admin reads what it is that speaks against the client."""
    watch = learned()
    for n in range(60):
        watch.see(lookups.mx(READY + n, SENDER, f"freemail{n % 4}.com"))
    said = watch.explain(SENDER, READY + 60)
    assert any("MX questions for 4 or more domains an hour" in line for line in said)
