"""A reading: what a source gives next, on its way to the watch and to the data set."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dnswatch.model.flow import Contact, Flow
from dnswatch.model.observation import Observation


class Reading(NamedTuple):
    """Some of what a source tells."""

    until: float
    "No lookup and no contact of this source will be of an earlier time, Unix seconds."
    lookups: list[Observation]
    "In order of time, as are the contacts; some may be later than `until`."
    contacts: list[Contact]
    "Beginnings of flows."
    flows: list[Flow]
    "Flows that have ended, in any order."
    census: Counter[str]
    "What was read, by the measures of `census`."


Readings = Iterator[Reading]

_TCP, _SMTP = 6, 25
_SUBMISSION: Final = (465, 587)


def count(contacts: Sequence[Contact]) -> Counter[str]:
    """Count flows by what they are for, as in `census`."""
    ports = [contact.port for contact in contacts if contact.protocol == _TCP]
    submitted = sum(ports.count(port) for port in _SUBMISSION)
    return Counter(flows=len(contacts), smtp=ports.count(_SMTP), submitted=submitted)
