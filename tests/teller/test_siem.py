"""Forms of those who collect: judged by OCSF's models, and by what ECS, CEF and EVE say."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from dnswatch.teller import event as events
from dnswatch.teller import forms
from dnswatch.teller.event import Event, Incident, Phase, Severity
from tests.teller.logged import AT
from tests.teller.test_forms import INFECTED

CLEAN = replace(
    INFECTED,
    id="ab-9",
    text="clean",
    severity=Severity.INFO,
    incident=Incident("cafe", Phase.CLOSES),
)
WORSE = replace(INFECTED, id="ab-8", incident=Incident("cafe", Phase.GOES_ON))
ORDER = Event(id="ab-10", at=AT, kind="overrule", text="trust", actor="alice", client="~77ab")
WARNING = Event(id="ab-11", at=AT, kind="warning", text="records lost", severity=Severity.WARNING)
LETTER = Event(id="ab-13", at=AT, kind="message", text="mail is a worm", client="10.0.0.66")
FAULT = Event(id="ab-14", at=AT, kind="fault", text="bay was killed", severity=Severity.WARNING)
STORM = events.Event(id="ab-12", at=AT, kind="summary", text="9 more", counts={"mark": 9})
ALL = (INFECTED, WORSE, CLEAN, ORDER, WARNING, LETTER, FAULT, STORM, events.trial("x", AT, "alice"))


def told(event: Event, form: str) -> dict[str, Any]:
    found = json.loads(forms.written(event, form))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.id)
def test_ocsf_takes_it_for_a_detection_finding(event: Event) -> None:
    """Of class 2004, with a type that fits its activity; the models of OCSF are the judge."""
    found = DetectionFinding.model_validate(told(event, "ocsf"))
    assert found.class_uid == 2004
    assert found.type_uid.value == 200400 + found.activity_id.value
    assert found.time == int(event.at * 1000)


def test_a_finding_of_ocsf_is_the_incident() -> None:
    """Created, updated and closed under one uid; what belongs to none is a finding of its own."""
    found = [told(event, "ocsf") for event in (INFECTED, WORSE, CLEAN, ORDER)]
    assert [one["activity_id"] for one in found] == [1, 2, 3, 99]
    assert [one["status_id"] for one in found] == [1, 2, 4, 99]
    assert [one["finding_info"]["uid"] for one in found] == ["cafe"] * 3 + ["ab-10"]
    assert [one["metadata"]["uid"] for one in found] == ["ab-7", "ab-8", "ab-9", "ab-10"]
    assert found[0]["observables"][0]["value"] == INFECTED.client
    assert "observables" not in found[3]


_ECS_TYPES = {
    "malware": {"info"},
    "network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "email": {"info"},
    "host": {"access", "change", "end", "info", "start"},
}
"""Which types ECS expects for a category (its field reference, `event.category`)."""


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.id)
def test_ecs_files_it_where_it_belongs(event: Event) -> None:
    """Under categories and types of its closed lists, which fit each other."""
    found = told(event, "ecs")
    assert found["event"]["kind"] == ("alert" if event.is_bad else "event")
    for category in found["event"]["category"]:
        assert set(found["event"]["type"]) <= _ECS_TYPES[category]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["@timestamp"])
    assert found["event"]["id"] == event.id
    assert found["message"] == event.sentence


def test_ecs_has_the_client_where_its_searches_look() -> None:
    """An address is an IP; a pseudonym is none; whoever ordered is the user."""
    found, order = told(INFECTED, "ecs"), told(ORDER, "ecs")
    assert found["source"] == {"address": INFECTED.client, "ip": INFECTED.client}
    assert found["related"] == {"ip": [INFECTED.client]}
    assert found["threat"]["technique"]["id"] == ["T1071.003"]
    assert order["source"] == {"address": "~77ab"}
    assert order["user"] == {"name": "alice"}
    assert "threat" not in told(CLEAN, "ecs")


_HEAD = re.compile(r"CEF:0((?:\|(?:[^|\\\r\n]|\\[|\\])*){6})\|([^\r\n]*)")
_PAIRS = re.compile(r"(?:^| )(\w+)=((?:[^=\\]|\\[=\\nr])*?)(?= \w+=|$)")


def parsed(line: str) -> tuple[list[str], dict[str, str]]:
    """Read a line of CEF as its guide says; fails where it is none."""
    found = _HEAD.fullmatch(line)
    assert found, line
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", found[1])[1:]
    pairs = _PAIRS.findall(found[2])
    assert " ".join(f"{key}={value}" for key, value in pairs) == found[2]
    ends = {"n": "\n", "r": "\r"}
    return parts, {
        key: re.sub(r"\\(.)", lambda one: ends.get(one[1], one[1]), value) for key, value in pairs
    }


def test_cef_has_head_and_pairs() -> None:
    """With the keys of ArcSight's dictionary; what it has no key for is labelled."""
    head, pairs = parsed(forms.written(INFECTED, "cef").decode())
    assert head[:2] == ["dnswatch", "dnswatch"]
    assert head[3:] == ["3", "verdict infected", "10"]
    assert pairs["src"] == INFECTED.client
    assert pairs["rt"] == str(int((AT + 0.25) * 1000))
    assert (pairs["cs1Label"], pairs["cs1"]) == ("incident", "cafe")
    _, order = parsed(forms.written(ORDER, "cef").decode())
    assert (order["suser"], order["cs3"], "src" in order) == ("alice", "~77ab", False)
    six = replace(INFECTED, client="2001:db8::66")
    assert parsed(forms.written(six, "cef").decode())[1]["c6a2"] == "2001:db8::66"


@given(st.text(max_size=60), st.text(max_size=60))
def test_cef_holds_whatever_stands_in_an_event(text: str, cause: str) -> None:
    """Pipes, equals signs, backslashes and ends of lines come back, and it is one line."""
    text, cause = text.encode(errors="ignore").decode(), cause.encode(errors="ignore").decode()
    event = Event(id="1", at=AT, kind="warning", text=f"a|b=c\\{text}", cause=f"{cause}=x\n|\r")
    line = forms.written(event, "cef").decode()
    _, pairs = parsed(line)
    assert pairs["act"] == event.text
    assert pairs["reason"] == event.cause


_EVE_ALERT = {
    "action": str,
    "category": str,
    "gid": int,
    "rev": int,
    "severity": int,
    "signature": str,
    "signature_id": int,
}
"""What Suricata's schema allows in `alert`, of what we write, and as what."""


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.id)
def test_eve_keeps_to_suricatas_schema(event: Event) -> None:
    """Its time has a form; an alert has no other keys; all else stands under a name of ours."""
    found = told(event, "eve")
    assert set(found) <= {"timestamp", "event_type", "src_ip", "alert", "dnswatch"}
    stamp = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+[+\-]\d+"
    assert re.fullmatch(stamp, found["timestamp"])
    assert {key: type(value) for key, value in found["alert"].items()} == _EVE_ALERT


@pytest.mark.parametrize("form", ["json", "eve", "ecs", "ocsf", "cef"])
def test_syslog_carries_each_form(form: str) -> None:
    """Whole, behind a head of RFC 5424."""
    message = forms.syslog(INFECTED, "watch.example", form, 8192)
    assert message.endswith(b"] " + forms.written(INFECTED, form))
