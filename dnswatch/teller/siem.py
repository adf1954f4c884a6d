r"""Forms of those who collect events of many products: ECS, OCSF, CEF; pure.

ecs   Elastic Common Schema 8.17: a client's evidence in `source`, ours in `dnswatch`
ocsf  Open Cybersecurity Schema Framework 1.3, Detection Finding (2004): a finding is an incident
cef   ArcSight's Common Event Format 0
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from dnswatch import version
from dnswatch.model.policies.note import WATCH, About
from dnswatch.teller.event import Event, Phase, Severity, utc

_TECHNIQUE: Final = "T1071.003"
_TECHNIQUE_NAME: Final = "Application Layer Protocol: Mail Protocols"
"""MITRE ATT&CK: malware that speaks mail protocols."""

_CATEGORIES: Final[Mapping[str, tuple[list[str], list[str]]]] = {
    About.VERDICT: (["malware", "network"], ["info"]),
    About.MESSAGE: (["email", "malware"], ["info"]),
    About.DECISION: (["email"], ["info"]),
    About.MARK: (["network"], ["info"]),
    About.POLICY: (["configuration"], ["change"]),
    About.OVERRULE: (["configuration"], ["change"]),
    About.ROLE: (["configuration"], ["change"]),
}
"""What ECS files events under: `event.category` and `event.type`, of its closed lists."""

_OCSF_SEVERITY: Final = {
    Severity.CRITICAL: (5, "Critical"),
    Severity.WARNING: (3, "Medium"),
    Severity.NOTICE: (2, "Low"),
    Severity.INFO: (1, "Informational"),
}
_CEF_SEVERITY: Final = {
    Severity.CRITICAL: 10,
    Severity.WARNING: 6,
    Severity.NOTICE: 3,
    Severity.INFO: 1,
}
_FINDING: Final = 2004
_ACTIVITIES: Final = {
    Phase.OPENS: (1, "Create", 1, "New"),
    Phase.GOES_ON: (2, "Update", 2, "In Progress"),
    Phase.CLOSES: (3, "Close", 4, "Resolved"),
}
"""Of OCSF, by the phase of the incident: activity, its name, status, its name."""


def ecs(event: Event) -> bytes:
    """Write an event in Elastic's common schema."""
    category, kind = _CATEGORIES.get(event.kind, (["host"], ["info"]))
    told: dict[str, Any] = {
        "@timestamp": utc(event.at),
        "ecs": {"version": "8.17.0"},
        "message": event.sentence,
        "event": {
            "kind": "alert" if event.is_bad else "event",
            "category": category,
            "type": kind,
            "action": event.signature,
            "code": str(event.signature_id),
            "dataset": f"dnswatch.{event.kind}",
            "module": "dnswatch",
            "provider": "dnswatch",
            "id": event.id,
            "severity": event.severity.value,
            **({"reason": event.cause} if event.cause else {}),
        },
        "log": {"level": event.severity.name.lower()},
        "observer": {
            "vendor": "dnswatch",
            "product": "dnswatch",
            "type": "dns",
            "version": version(),
        },
        "rule": {"id": str(event.signature_id), "name": f"dnswatch {event.signature}"},
        "dnswatch": event.facts(),
    }
    if event.client is not None:
        told["source"] = {"address": event.client}
    if event.address:
        told["source"]["ip"] = event.address
        told["related"] = {"ip": [event.address]}
    if event.actor != WATCH:
        told["user"] = {"name": event.actor}
    if event.is_bad:
        technique = {"id": [_TECHNIQUE], "name": [_TECHNIQUE_NAME.rpartition(": ")[2]]}
        told["threat"] = {"framework": "MITRE ATT&CK", "technique": technique}
    return msgspec.json.encode(told)


def ocsf(event: Event) -> bytes:
    """Write an event as a finding: of its incident, or of its own where it belongs to none."""
    incident = event.incident
    number, activity, status, called = (
        _ACTIVITIES[incident.phase] if incident else (99, event.kind, 99, "Other")
    )
    severity, word = _OCSF_SEVERITY[event.severity]
    finding: dict[str, Any] = {
        "uid": incident.id if incident else event.id,
        "title": f"dnswatch {event.signature}",
        "desc": event.sentence,
        "types": [event.kind],
        "product_uid": "dnswatch",
    }
    if number == 1:
        finding["created_time"] = _millis(event.at)
    if event.is_bad:
        technique = {"uid": _TECHNIQUE, "name": _TECHNIQUE_NAME}
        finding["attacks"] = [{"technique": technique, "version": "16.1"}]
    told: dict[str, Any] = {
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _FINDING,
        "class_name": "Detection Finding",
        "activity_id": number,
        "activity_name": activity,
        "type_uid": _FINDING * 100 + number,
        "type_name": f"Detection Finding: {activity if number != 99 else 'Other'}",
        "time": _millis(event.at),
        "severity_id": severity,
        "severity": word,
        "status_id": status,
        "status": called,
        "message": event.sentence,
        "metadata": {
            "version": "1.3.0",
            "uid": event.id,
            "event_code": str(event.signature_id),
            "product": {"name": "dnswatch", "vendor_name": "dnswatch", "version": version()},
        },
        "finding_info": finding,
        "unmapped": {"dnswatch": event.facts()},
    }
    if event.address:
        told["observables"] = [
            {
                "name": "evidences[0].src_endpoint.ip",
                "type": "IP Address",
                "type_id": 2,
                "value": event.address,
            }
        ]
        told["evidences"] = [{"src_endpoint": {"ip": event.address}}]
    return msgspec.json.encode(told)


def cef(event: Event) -> bytes:
    r"""Write an event in the common event format: a head between `|`, then `key=value`.

    In the head `\` and `|` are escaped, in a value `\`, `=` and the ends of lines.
    """
    head = (
        "dnswatch",
        "dnswatch",
        version(),
        str(event.signature_id),
        event.signature,
        str(_CEF_SEVERITY[event.severity]),
    )
    told = {"rt": str(_millis(event.at)), "externalId": event.id, "cat": event.kind}
    told |= {"act": event.text, "msg": event.sentence}
    if event.cause:
        told["reason"] = event.cause
    if event.actor != WATCH:
        told["suser"] = event.actor
    if "." in event.address:
        told["src"] = event.address
    elif event.address:
        told |= {"c6a2Label": "Source IPv6 Address", "c6a2": event.address}
    elif event.client:
        told |= {"cs3Label": "client", "cs3": event.client}
    if event.incident is not None:
        told |= {"cs1Label": "incident", "cs1": event.incident.id}
        told |= {"cs2Label": "phase", "cs2": event.incident.phase.value}
    if event.counts:
        told |= {"cnt": str(sum(event.counts.values()))}
    extension = " ".join(f"{key}={_value(value)}" for key, value in told.items())
    return f"CEF:0|{'|'.join(_part(one) for one in head)}|{extension}".encode()


def _part(text: str) -> str:
    """Escape a part of a head; it has no ends of lines, whatever stands in an event."""
    text = text.replace("\r", " ").replace("\n", " ")
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _value(text: str) -> str:
    """Escape the value of an extension."""
    text = text.replace("\\", "\\\\").replace("=", "\\=")
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _millis(at: float) -> int:
    return int(at * 1000)
