"""Webhooks: signed, and judged by the standard's own library."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from dnswatch.errors import EventError
from dnswatch.outlets.webhook import signature
from dnswatch.settings import EventDestination, Sink
from tests.outlets.sinks import GOOD, SECOND, key_file, open_outlet, sink
from tests.teller.receivers import webhook
from tests.teller.test_forms import INFECTED


def test_a_webhook_is_signed_as_standard_webhooks_does(tmp_path: Path) -> None:
    """HMAC-SHA256 of id, timestamp and body; any answer but 2xx means that it was not taken."""
    with webhook() as heard:
        to = f"http://127.0.0.1:{heard.port}/secret-path"
        outlet = open_outlet(sink(to, key_file(tmp_path, GOOD + "\n")))
        outlet.send(INFECTED)
        heard.status = 500
        with pytest.raises(EventError, match="answered 500") as caught:
            outlet.send(SECOND)
        outlet.close()
    assert "secret-path" not in str(caught.value)
    headers, body = heard.headers[0], heard.messages[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest())
    assert headers["webhook-signature"] == f"v1,{wanted.decode()}"
    assert json.loads(body)["data"]["id"] == headers["webhook-id"] == "ab-7"


def test_the_signature_is_the_one_of_the_standards_example() -> None:
    """Key, id, time and body of the example that its libraries are tested with."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    told = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_standardwebhooks_knows_our_signature(tmp_path: Path) -> None:
    """The library of the standard is the judge: it takes it, and refuses a changed body."""
    with webhook() as heard:
        to = EventDestination(f"http://127.0.0.1:{heard.port}/")
        open_outlet(Sink(to=to, secret=key_file(tmp_path, GOOD))).send(INFECTED)
    body, headers = heard.messages[0], heard.headers[0]
    assert Webhook(GOOD).verify(body, headers)["type"] == "dnswatch.verdict"
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(GOOD).verify(body.replace(b"infected", b"cured"), headers)
