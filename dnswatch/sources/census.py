"""The census: how much of what was read, so that nothing is dropped in silence."""

from typing import Final

MEASURES: Final[dict[str, str]] = {
    "frames": "frames, or lines of a log",
    "queries": "DNS queries",
    "mx": "of them questions for MX",
    "responses": "DNS responses",
    "answered": "lookups: queries with their responses",
    "unanswered": "lookups without a response",
    "unasked": "lookups whose query was not seen",
    "other_dns": "DNS messages that ask nothing (NOTIFY, UPDATE, no question)",
    "dns_broken": "DNS messages that cannot be read",
    "dns_cut": "DNS responses cut off or broken within the answer",
    "flows": "flows",
    "smtp": "of them SMTP connections (TCP to port 25)",
    "submitted": "of them connections that submit mail (TCP to ports 465 and 587)",
    "mails": "mails in smtp.log",
    "fragments": "fragments of IP packets",
    "fragments_lost": "of them fragments whose packet never became whole",
    "streams_broken": "DNS over TCP that cannot be put together",
    "unread": "frames of a kind that cannot be read here",
    "not_ip": "frames without IP (ARP, spanning tree and the like)",
    "cut": "frames cut off within their headers",
    "untimed": "messages that do not say when (put where those before stand, if any do)",
    "out_of_order": "lookups and contacts that came too late for their place in time",
    "flows_early": "flows ended early, for want of room",
    "lines_odd": "lines of a log that tell of something else",
    "damaged": "damaged places that were skipped",
    "damaged_bytes": "bytes skipped there",
    "cut_off": "files whose end is cut off",
}
"""What is counted, in the order in which it is shown."""

UNREAD: Final = "unread: "
"""Before the names of the kinds of frames that cannot be read, each of which is counted."""

DAMAGE: Final = ("damaged", "cut_off")
"""What makes an input damaged: something that was recorded could not be read."""
