"""Back-off: when a delivery that did not succeed is tried again, and when it is given up.

RFC 5321 section 4.5.4.1: soon at first, then less and less often, for days.
"""

from dnswatch.bay.state import Message, Recipient
from dnswatch.settings.bay import Release


def due_at(message: Message, release: Release) -> float | None:
    """Return when something is to be done for a message, Unix seconds; None where nothing is."""
    return min((try_at(message, one, release) for one in message.due), default=None)


def try_at(message: Message, recipient: Recipient, release: Release) -> float:
    """Return when a recipient's delivery is to be tried, Unix seconds; 0 means at once."""
    if recipient.tried_at is None or recipient.is_open:
        return 0.0  # never tried, or it was cut short by our own end
    wait = min(release.retry * 2.0 ** min(recipient.tries - 1, 30), max(release.retry_most, 1.0))
    return recipient.tried_at + wait * (1 + _spread(message.ident))


def is_hopeless(message: Message, release: Release, now: float) -> bool:
    """Say whether a message has been tried for too long."""
    return message.released_at is not None and now >= message.released_at + release.give_up


def _spread(ident: str) -> float:
    """Spread what failed together over a tenth of the time, always the same for one message."""
    return int(ident[-4:], 16) / 0xFFFF / 10
