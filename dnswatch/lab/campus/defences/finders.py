"""Finders: published detectors that go by lookups."""

from collections import Counter, OrderedDict, defaultdict, deque
from math import log, log2, sqrt
from typing import Final

from dnswatch.lab.campus.defences.acts import Client, SeenLookup

# First lookups: evidence for tests that go by whether domains new to a client fail.
#
# Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis
# Testing" (S&P 2004), with a first lookup of a mail domain in place of a first connection.

FAILS_HONEST: Final = 0.2
FAILS_INFECTED: Final = 0.8
"""1 - theta0 and 1 - theta1 of the publication: shares of first contacts that fail."""

_FAILED: Final = log(FAILS_INFECTED / FAILS_HONEST)
_SUCCEEDED: Final = log((1 - FAILS_INFECTED) / (1 - FAILS_HONEST))


class FirstLookups:
    """The mail domains that each client has asked for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: defaultdict[Client, set[bytes]] = defaultdict(set)

    def step(self, lookup: SeenLookup) -> float | None:
        """Return what a lookup says for an infection, nats; None where its domain is not new."""
        known = self._known[lookup.client]
        if lookup.domain in known:
            return None
        known.add(lookup.domain)
        return _FAILED if lookup.failed else _SUCCEEDED


# Any MX question: a client has no business to ask one.
#
# Whyte, van Oorschot, Kranakis, "Addressing SMTP-based Mass-Mailing Activity within Enterprise
# Networks" (ACSAC 2006): an MX question by a machine that is no mail server is an alarm.


class AnyMx:
    """Stateless: found at the first MX question; blind to worms that ask A questions only."""

    def asked(self, lookup: SeenLookup) -> bool:
        """Take in a lookup."""
        return lookup.is_mx


# Count: more than so many MX questions within so many seconds.
#
# The rule that intrusion detection ships with; numbers of BotFlex (2013, `botflex/config.txt`):
# more than 30 within 5 minutes.

MOST: Final = 30
WITHIN: Final = 300.0
"""Seconds."""


class Count:
    """The times of each client's last questions: at most `MOST`."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._asked: defaultdict[Client, deque[float]] = defaultdict(lambda: deque(maxlen=MOST))

    def asked(self, lookup: SeenLookup) -> bool:
        """Take in a lookup."""
        if not lookup.is_mx:
            return False
        times = self._asked[lookup.client]
        is_full = len(times) == MOST and lookup.at - times[0] <= WITHIN
        times.append(lookup.at)
        return is_full


# Windows: too many different domains within any of several windows.
#
# Sekar, Xie, Reiter, Zhang, "A Multi-Resolution Approach for Worm Detection and Containment" (DSN
# 2006): what honest machines contact grows ever more slowly with the window, what worms contact
# grows with it. The publication takes its thresholds from the site's own trace; ours are concave
# alike.

THRESHOLDS: Final = ((20.0, 5), (300.0, 10), (3600.0, 16), (86400.0, 30))
"""Window, seconds, and the most different domains within it: near the highest percentile that a
client of the default site shows."""


class Windows:
    """The last asking of each domain of the longest window, per client, latest last."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._last: defaultdict[Client, OrderedDict[bytes, float]] = defaultdict(OrderedDict)

    def asked(self, lookup: SeenLookup) -> bool:
        """Take in a lookup; O(the largest threshold)."""
        last = self._last[lookup.client]
        last[lookup.domain] = lookup.at
        last.move_to_end(lookup.domain)
        while len(last) > THRESHOLDS[-1][1] + 1:
            last.popitem(last=False)
        times = list(last.values())
        return any(
            len(times) > most and lookup.at - times[-most - 1] < window
            for window, most in THRESHOLDS
        )


# Entropy: few sources make most of the site's MX questions.
#
# Musashi, Romana et al. (Kumamoto University, 2003 to 2008): the entropy of the source addresses
# of MX questions falls when a machine begins to send mass mail. They read curves of days by eye;
# here the entropy of each hour is compared with that of earlier hours, and the source that most
# questions came from is the one.

HOUR: Final = 3600.0
"""Seconds in a bin."""
LEARNED: Final = 24
"""Hours before the first alarm."""
KEPT: Final = 24 * 7
"""Hours compared with."""
DEVIATIONS: Final = 3.0
"""Standard deviations below the mean that are a fall."""


class Entropy:
    """The entropies of a week, and the counts of this hour; per site, O(clients of an hour)."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._hour = -1
        self._sources: Counter[Client] = Counter()
        self._past: deque[float] = deque(maxlen=KEPT)
        self._suspect: Client | None = None

    def asked(self, lookup: SeenLookup) -> bool:
        """Take in a lookup; the alarm on a client comes with its first question after the hour."""
        hour = int(lookup.at // HOUR)
        if hour != self._hour:
            self._close()
            self._hour = hour
        if lookup.is_mx:
            self._sources[lookup.client] += 1
        if lookup.client != self._suspect:
            return False
        self._suspect = None
        return True

    def _close(self) -> None:
        """Judge the hour that is over."""
        if not self._sources:
            return
        found = entropy(self._sources)
        if len(self._past) >= LEARNED:
            mean = sum(self._past) / len(self._past)
            spread = sqrt(sum((each - mean) ** 2 for each in self._past) / len(self._past))
            if found < mean - DEVIATIONS * spread:
                self._suspect = self._sources.most_common(1)[0][0]
        self._past.append(found)
        self._sources = Counter()


def entropy(counts: Counter[Client]) -> float:
    """Return the entropy of a distribution given by counts, bits."""
    total = sum(counts.values())
    return -sum(count / total * log2(count / total) for count in counts.values() if count)


# CUSUM: failures of first lookups pile up faster than they should.
#
# Ganesh, Gunawardena, Key, Massoulie, Scott, "Efficient Quarantining of Scanning Worms" (INFOCOM
# 2006), after Schechter, Jung, Berger (RAID 2004): the walk of the sequential test, which never
# falls below 0, so that an honest past earns no credit.

ALARM: Final = log(1000.0)
"""Nats: at least a thousand first lookups between two false alarms (Lorden 1971)."""


class Cusum:
    """A walk for each client."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._score: defaultdict[Client, float] = defaultdict(float)
        self._lookups = FirstLookups()

    def asked(self, lookup: SeenLookup) -> bool:
        """Take in a lookup."""
        step = self._lookups.step(lookup)
        if step is None:
            return False
        score = self._score[lookup.client] = max(0.0, self._score[lookup.client] + step)
        return score >= ALARM


# SPRT: Wald's sequential test on whether lookups of domains that are new to a client fail.
#
# Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis
# Testing" (S&P 2004), with a first lookup of a mail domain in place of a first connection.

FALSE_ALARM: Final = 1e-5
MISS: Final = 0.01

_UPPER: Final = log((1 - MISS) / FALSE_ALARM)
_LOWER: Final = log(MISS / (1 - FALSE_ALARM))


class Sprt:
    """A walk for each client; at the lower bound it begins anew, as a monitor must."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._score: defaultdict[Client, float] = defaultdict(float)
        self._lookups = FirstLookups()

    def asked(self, lookup: SeenLookup) -> bool:
        """Take in a lookup."""
        step = self._lookups.step(lookup)
        if step is None:
            return False
        score = self._score[lookup.client] + step
        self._score[lookup.client] = 0.0 if score <= _LOWER else score
        return score >= _UPPER
