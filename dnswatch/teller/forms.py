"""Forms: an event as the receivers of this world read it; pure.

`eve` is a JSON object as Suricata writes it (eve.json), for what reads that already; `json` has all
that the event has, as webhooks carry it (Standard Webhooks: type, timestamp, data); `ecs`, `ocsf`
and `cef` stand in `siem`.  `syslog` is RFC 5424, around the event's own facts or another form.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from dnswatch.model.policies.note import About
from dnswatch.outlets.syslog import DATAGRAM
from dnswatch.teller import siem
from dnswatch.teller.event import SCHEMA, Event, Severity, utc

_DAEMON: Final = 3
"""The facility: system daemons (RFC 5424 section 6.2.1)."""

_SD_ID: Final = "dnswatch@32473"
"""32473 is the private enterprise number for examples (RFC 5612): dnswatch has none of its own."""

_ALERTS: Final = (About.VERDICT, About.WARNING, About.MESSAGE, About.FAULT)

_EVE_SEVERITY: Final = {Severity.CRITICAL: 1, Severity.WARNING: 2}
"""Suricata counts from 1, the worst; the rest is 3."""


def eve(event: Event) -> bytes:
    """Write a line of EVE, without its end."""
    at = datetime.fromtimestamp(event.at).astimezone()
    is_alert = event.kind in (*_ALERTS, "summary")
    told: dict[str, Any] = {
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
        "event_type": "alert" if is_alert else "policy",
    }
    if event.address:
        told["src_ip"] = event.address
    is_verdict = event.kind == About.VERDICT
    told["alert"] = {
        "action": "allowed",  # what policies make of the client stands in events of their own
        "gid": 1,
        "rev": 1,
        "signature_id": event.signature_id,
        "signature": f"dnswatch {event.signature}",
        "category": "A Network Trojan was detected" if is_verdict else "Misc activity",
        "severity": _EVE_SEVERITY.get(event.severity, 3),
    }
    told["dnswatch"] = event.facts()
    return msgspec.json.encode(told)


def json(event: Event) -> bytes:
    """Write an event whole."""
    told = {"type": f"dnswatch.{event.kind}", "timestamp": utc(event.at), "data": event.facts()}
    return msgspec.json.encode(told)


def written(event: Event, form: str) -> bytes:
    """Write an event in a form: `json`, `eve`, `ecs`, `ocsf`, `cef`."""
    return _FORMS[form](event)


def syslog(event: Event, hostname: str, form: str = "", room: int = DATAGRAM) -> bytes:
    """Write a message of RFC 5424 in at most `room` octets; its end is cut where it has more.

    Its text is the sentence, or the event in another form.
    """
    params = {"id": event.id, "schema": str(SCHEMA), "text": event.text, "actor": event.actor}
    if event.client is not None:
        params["client"] = event.client
    if event.incident is not None:
        params |= {"incident": event.incident.id, "phase": event.incident.phase.value}
    data = "".join(f' {name}="{_escaped(value)}"' for name, value in params.items())
    host = "".join(c for c in hostname if "!" <= c <= "~")[:255] or "-"
    head = (
        f"<{_DAEMON * 8 + event.severity}>1 {utc(event.at)} {host} dnswatch - {event.kind}"
        f" [{_SD_ID}{data}] "
    )
    # A text that is not ASCII is UTF-8 and begins with its mark (section 6.4).
    text = written(event, form).decode() if form else event.sentence
    whole = (head + (text if text.isascii() else f"\ufeff{text}")).encode()
    return whole if len(whole) <= room else whole[:room].decode(errors="ignore").encode()


def _escaped(value: str) -> str:
    r"""Escape `"`, `\` and `]` in a parameter's value (RFC 5424 section 6.3.3)."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


_FORMS: Final[Mapping[str, Callable[[Event], bytes]]] = {
    "json": json,
    "eve": eve,
    "ecs": siem.ecs,
    "ocsf": siem.ocsf,
    "cef": siem.cef,
}
