"""Services of Apprise."""

import json
import logging
from pathlib import Path

import pytest

from dnswatch.errors import EventError, SettingsError
from dnswatch.settings import EventDestination, Sink
from tests.outlets.sinks import key_file, open_outlet
from tests.teller.receivers import webhook
from tests.teller.test_forms import INFECTED


def test_a_service_is_told_and_its_address_kept_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By Apprise; neither what fails nor what it logs shows the address."""
    caplog.set_level(logging.DEBUG)
    with webhook() as heard:
        key = key_file(tmp_path, f"json://127.0.0.1:{heard.port}/s3cret\n")
        sink = Sink(to=EventDestination("apprise:chat"), secret=key)
        outlet = open_outlet(sink)
        outlet.send(INFECTED)
        heard.status = 500
        with pytest.raises(EventError, match="'apprise:chat' took nothing") as caught:
            outlet.send(INFECTED)
    told = json.loads(heard.messages[0])
    assert told["title"] == "dnswatch: verdict infected 10.0.0.66"
    assert told["message"] == INFECTED.sentence
    assert "s3cret" not in str(caught.value) + caplog.text


@pytest.mark.parametrize("text", ["", "tgram", "json://one\njson://two", "nosuch://host/s3cret"])
def test_a_file_without_one_address_is_refused(tmp_path: Path, text: str) -> None:
    """Without showing what it holds."""
    sink = Sink(to=EventDestination("apprise:chat"), secret=key_file(tmp_path, text))
    with pytest.raises(SettingsError) as caught:
        open_outlet(sink)
    assert "s3cret" not in str(caught.value)
