"""Forms: what receivers read."""

import json
import re
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.outlets.syslog import DATAGRAM
from dnswatch.teller import forms
from dnswatch.teller.event import Event, Incident, Phase, Severity
from tests.teller.logged import AT, WORM

INFECTED = Event(
    id="ab-7",
    at=AT + 0.25,
    kind="verdict",
    text="infected",
    cause="37 new domains",
    client=WORM,
    severity=Severity.CRITICAL,
    incident=Incident("cafe", Phase.OPENS),
)

MESSAGE = re.compile(
    rb"<(?P<pri>0|[1-9]\d{0,2})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z)"
    rb" (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) (?P<id>[!-~]{1,32})"
    rb" \[(?P<sd>[^ =\]\"]{1,32})"
    rb"(?P<params>(?: [!#-<>-\\^-~]{1,32}=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*)\]"
    rb"(?: (?P<msg>.*))?",
    re.DOTALL,
)
"""SYSLOG-MSG of RFC 5424 section 6, with one element of structured data."""


def parsed(message: bytes) -> tuple[re.Match[bytes], dict[str, str]]:
    """Take a message apart; fails where it is none."""
    found = MESSAGE.fullmatch(message)
    assert found, message
    assert int(found["pri"]) <= 191
    pairs = re.findall(rb' ([^=]+)="((?:[^"\\\]]|\\.)*)"', found["params"], re.DOTALL)
    unescaped = {k.decode(): re.sub(r'\\(["\\\]])', r"\1", v.decode()) for k, v in pairs}
    return found, unescaped


def test_eve_is_an_alert_as_suricata_writes_it() -> None:
    """With its time form, the client as the source, and all that Suricata's alerts have."""
    told = json.loads(forms.eve(INFECTED))
    assert datetime.strptime(told["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() == AT + 0.25
    assert (told["event_type"], told["src_ip"]) == ("alert", WORM)
    assert told["alert"] == {
        "action": "allowed",
        "gid": 1,
        "rev": 1,
        "signature_id": 3,
        "signature": "dnswatch verdict infected",
        "category": "A Network Trojan was detected",
        "severity": 1,
    }
    assert told["dnswatch"]["incident"] == {"id": "cafe", "phase": "opens"}


def test_a_pseudonym_is_no_source_address() -> None:
    """It stands where dnswatch's own facts are."""
    told = json.loads(forms.eve(Event(id="1", at=AT, kind="mark", text="delay", client="p-77ab")))
    assert "src_ip" not in told
    assert (told["event_type"], told["dnswatch"]["client"]) == ("policy", "p-77ab")


def test_json_has_it_all() -> None:
    """As Standard Webhooks recommends: type, timestamp, data."""
    assert json.loads(forms.json(INFECTED)) == {
        "type": "dnswatch.verdict",
        "timestamp": "2025-11-28T17:08:00.250000Z",
        "data": {
            "schema": 1,
            "id": "ab-7",
            "at": "2025-11-28T17:08:00.250000Z",
            "kind": "verdict",
            "text": "infected",
            "cause": "37 new domains",
            "actor": "dnswatch",
            "client": WORM,
            "severity": "critical",
            "incident": {"id": "cafe", "phase": "opens"},
            "sentence": f"client '{WORM}' is infected: 37 new domains",
        },
    }


def test_syslog_says_kind_facts_and_sentence() -> None:
    """Facility daemon (3), severity critical (2)."""
    found, params = parsed(forms.syslog(INFECTED, "watch.example"))
    assert (found["pri"], found["host"], found["app"], found["id"]) == (
        b"26",
        b"watch.example",
        b"dnswatch",
        b"verdict",
    )
    assert params == {
        "id": "ab-7",
        "schema": "1",
        "text": "infected",
        "actor": "dnswatch",
        "client": WORM,
        "incident": "cafe",
        "phase": "opens",
    }
    assert found["msg"] == b"client '10.0.0.66' is infected: 37 new domains"


@given(st.text(max_size=300), st.text(max_size=1500), st.text(max_size=40))
def test_syslog_holds_whatever_stands_in_an_event(text: str, cause: str, host: str) -> None:
    """Quotes, backslashes and brackets come back from the data; the length is kept; what is not
    ASCII is marked as UTF-8."""
    text, cause = text.encode(errors="ignore").decode(), cause.encode(errors="ignore").decode()
    event = Event(id="1", at=AT, kind="warning", text=text, cause=cause)
    message = forms.syslog(event, host)
    assert len(message) <= DATAGRAM
    found, params = parsed(message)
    assert params["text"] == text
    assert found["msg"].startswith(b"\xef\xbb\xbf") != event.sentence.isascii()
    found["msg"].decode()
