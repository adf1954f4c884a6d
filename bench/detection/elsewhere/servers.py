"""Servers: the declared mail server of the second site, with its newsletter and its month's end."""

from collections.abc import Iterator
from random import Random
from typing import Final

from bench.detection import lookups
from bench.detection.elsewhere.town import BEGIN
from dnswatch.model.changes import MailLookup

SERVER: Final = lookups.client(16_000_001)
_HOUR: Final = 3600
_NEWSLETTER: Final = 34
"""Hour of the week in which the newsletter leaves: Tuesday at ten."""


def mail(days: int, chance: Random, *, is_late: bool, has_month_end: bool) -> Iterator[MailLookup]:
    """All lookups of the server: 40 an hour by day, 8 by night, and what is sent to everybody."""
    late = 0
    for hour in range(days * 24):
        if hour % 168 == 0:
            late = int(is_late and chance.random() < 0.3)
        busy = 7 <= hour % 24 < 19 and hour % 168 < 120
        count = int(chance.gauss(40, 9) if busy else chance.gauss(8, 3))
        if hour % 168 == _NEWSLETTER + late:
            count += int(chance.gauss(600, 60))
        if has_month_end and hour // 24 % 30 == 29 and hour % 24 in {9, 10, 11}:
            count += int(chance.gauss(900, 100))
        for at in sorted(chance.uniform(hour, hour + 1) for _ in range(count)):
            yield lookups.mx(BEGIN + at * _HOUR, SERVER, f"partner{chance.randrange(4000)}.com")
