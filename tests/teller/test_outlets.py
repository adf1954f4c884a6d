"""Events on their way out: each kind of sink reads its own form."""

import json
from pathlib import Path

import pytest

from dnswatch.settings import EventDestination, Settings, Sink
from dnswatch.settings.events import EventForm
from dnswatch.teller.outlets import open_outlet
from tests.teller.test_forms import INFECTED


@pytest.mark.parametrize(
    ("form", "first"),
    [("", "timestamp"), ("json", "type"), ("ecs", "@timestamp"), ("ocsf", "category_uid")],
)
def test_a_file_is_written_in_the_form_that_the_sink_wants(
    tmp_path: Path, form: EventForm, first: str
) -> None:
    """EVE where it wants none."""
    path = tmp_path / "events"
    sink = Sink(to=EventDestination(f"file:{path}"), form=form)
    outlet = open_outlet(sink, Settings())
    outlet.send(INFECTED)
    outlet.close()
    assert next(iter(json.loads(path.read_text()))) == first
