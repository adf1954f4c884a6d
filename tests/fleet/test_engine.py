"""The engine as nodes use it, with a real one."""

import pytest

from dnswatch.errors import EngineError
from tests.fleet.engine import RealEngine


def test_a_stream_takes_each_entry_once_and_in_order(engine: RealEngine) -> None:
    """What was added before is refused by the engine itself; a stream that was trimmed to nothing
    still knows its last ID."""
    it = engine.connect()
    stream = it.key("seen", "a")
    assert stream == "dnswatch:{campus}:seen:a"
    assert it.last_id(stream) == "0-0"
    assert it.add_all(stream, [("5-1", {"w": b"one"}), ("9-2", {"w": b"two"})]) == 2
    assert it.add_all(stream, [("9-2", {"w": b"two"}), ("9-3", {"w": b"three"})]) == 1
    assert not it.add(stream, "7-1", {"w": b"late"})
    read = it.read({stream: "5-9"}, 10)[stream]
    assert [(entry.numbers, entry.fields["w"]) for entry in read] == [
        ((9, 2), b"two"),
        ((9, 3), b"three"),
    ]
    it.trim(stream, "9-9")
    assert (it.length(stream), it.last_id(stream), it.read({stream: "0-0"}, 1)) == (0, "9-3", {})


def test_what_fails_is_one_error_that_names_the_engine(engine: RealEngine) -> None:
    """Whatever is wrong, whoever uses the engine has one exception to catch; a connection that was
    lost is made anew by the next use."""
    it = engine.connect()
    it.put("dnswatch:{campus}:x", b"1")
    with pytest.raises(EngineError, match="WRONGTYPE"):
        it.add("dnswatch:{campus}:x", "1-1", {"w": b""})
    engine.kill()
    with pytest.raises(EngineError, match=r"the fleet's engine at unix:.*engine\.sock"):
        it.now()
    engine.start()
    assert it.now() > 0
