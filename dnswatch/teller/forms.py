"""Forms: an event as the receivers of this world read it; pure.

`eve` is a JSON object as Suricata writes it (eve.json), for what reads that already; `syslog` is
RFC 5424; `json` has all that the event has, as webhooks carry it (Standard Webhooks: type,
timestamp, data).
"""

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from dnswatch.model.policies.note import About
from dnswatch.teller.event import SCHEMA, Event, Severity

DATAGRAM: Final = 2048
"""Octets that each receiver of syslog should take (RFC 5424 section 6.1)."""

_DAEMON: Final = 3
"""The facility: system daemons (RFC 5424 section 6.2.1)."""

_SD_ID: Final = "dnswatch@32473"
"""32473 is the private enterprise number for examples (RFC 5612): dnswatch has none of its own."""

_EVE_SEVERITY: Final = {Severity.CRITICAL: 1, Severity.WARNING: 2}
"""Suricata counts from 1, the worst; the rest is 3."""

_SIGNATURES: Final = {
    (About.VERDICT, "suspect"): 1,
    (About.VERDICT, "likely"): 2,
    (About.VERDICT, "infected"): 3,
    (About.VERDICT, "clean"): 4,
    (About.WARNING, ""): 5,
    (About.MARK, ""): 6,
    (About.POLICY, ""): 7,
    (About.OVERRULE, ""): 8,
    (About.ROLE, ""): 9,
    ("summary", ""): 10,
    ("lost", ""): 11,
    ("test", ""): 12,
}
"""Signature IDs of the EVE form: never changed, only added to."""


def eve(event: Event) -> bytes:
    """Write a line of EVE, without its end."""
    at = datetime.fromtimestamp(event.at).astimezone()
    is_alert = event.kind in (About.VERDICT, About.WARNING, "summary")
    told: dict[str, Any] = {
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
        "event_type": "alert" if is_alert else "policy",
    }
    if event.client is not None and _is_address(event.client):
        told["src_ip"] = event.client
    is_verdict = event.kind == About.VERDICT
    told["alert"] = {
        "action": "allowed",  # what policies make of the client stands in events of their own
        "gid": 1,
        "rev": 1,
        "signature_id": _SIGNATURES.get((event.kind, event.text if is_verdict else ""), 0),
        "signature": f"dnswatch {event.kind} {event.text}"
        if is_verdict
        else f"dnswatch {event.kind}",
        "category": "A Network Trojan was detected" if is_verdict else "Misc activity",
        "severity": _EVE_SEVERITY.get(event.severity, 3),
    }
    told["dnswatch"] = _data(event)
    return msgspec.json.encode(told)


def json(event: Event) -> bytes:
    """Write an event whole."""
    told = {"type": f"dnswatch.{event.kind}", "timestamp": _utc(event.at), "data": _data(event)}
    return msgspec.json.encode(told)


def syslog(event: Event, hostname: str, room: int = DATAGRAM) -> bytes:
    """Write a message of RFC 5424 in at most `room` octets; its end is cut where it has more."""
    params = {"id": event.id, "schema": str(SCHEMA), "text": event.text, "actor": event.actor}
    if event.client is not None:
        params["client"] = event.client
    if event.incident is not None:
        params |= {"incident": event.incident.id, "phase": event.incident.phase.value}
    data = "".join(f' {name}="{_escaped(value)}"' for name, value in params.items())
    host = "".join(c for c in hostname if "!" <= c <= "~")[:255] or "-"
    head = (
        f"<{_DAEMON * 8 + event.severity}>1 {_utc(event.at)} {host} dnswatch - {event.kind}"
        f" [{_SD_ID}{data}] "
    )
    # A text that is not ASCII is UTF-8 and begins with its mark (section 6.4).
    message = event.sentence if event.sentence.isascii() else f"\ufeff{event.sentence}"
    whole = (head + message).encode()
    return whole if len(whole) <= room else whole[:room].decode(errors="ignore").encode()


def _data(event: Event) -> dict[str, Any]:
    """All that an event has, for programs."""
    told: dict[str, Any] = {"schema": SCHEMA} | msgspec.to_builtins(event)
    told |= {"at": _utc(event.at), "severity": event.severity.name.lower()}
    told |= {"actor": event.actor, "sentence": event.sentence}
    return told


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _escaped(value: str) -> str:
    r"""Escape `"`, `\` and `]` in a parameter's value (RFC 5424 section 6.3.3)."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
