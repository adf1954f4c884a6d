"""Pictures that are made here."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.web.drawing import HEIGHT, Dot, axis, bars, lane


@given(st.lists(st.integers(0, 10**9), max_size=30), st.text(max_size=20))
def test_a_lane_is_well_formed_and_stays_in_its_frame(counts: list[int], text: str) -> None:
    """Whatever the counts and the words are: no bar leaves the frame, no word becomes a tag."""
    title = "".join(c for c in text if c.isprintable())
    drawn = lane([*bars(counts, "mail", [title] * len(counts)), Dot(2.0, "held", title)], title)
    found = ET.fromstring(drawn)
    assert found.get("aria-label") == title
    shapes = list(found)
    assert len(shapes) == sum(count > 0 for count in counts) + 1
    for bar in shapes[:-1]:
        assert 0 <= float(bar.attrib["y"]) <= HEIGHT
        assert float(bar.attrib["x"][:-1]) + float(bar.attrib["width"][:-1]) <= 100.01
    assert shapes[-1].attrib["cx"] == "100.00%"


def test_an_axis_tells_its_times() -> None:
    """The first at the left, the last at the right, within the frame."""
    texts = list(ET.fromstring(axis([(0.0, "12:00"), (0.5, "13:00"), (1.0, "14:00")])))
    assert [(one.text, one.get("text-anchor")) for one in texts] == [
        ("12:00", "start"),
        ("13:00", "middle"),
        ("14:00", "end"),
    ]
