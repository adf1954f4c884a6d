"""What others say becomes text that can be kept."""

import json

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.record import Decision, decode, encode
from dnswatch.bay.text import in_words, line, words


def test_latin_1_is_read_as_such() -> None:
    """Mail servers of old write so; whether it comes as bytes or was read leniently before."""
    for said in (b"Empf\xe4nger", b"Empf\xe4nger".decode("utf-8", "surrogateescape")):
        assert words(said) == "Empf\xe4nger"
    assert words("Empf\xe4nger".encode()) == words("Empf\xe4nger") == "Empf\xe4nger"
    assert line(b" a\r\n\tb c ", 3) == "a b"


ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING | st.binary())
def test_whatever_was_said_can_be_written(said: str | bytes) -> None:
    """As UTF-8, which is what files, SQLite and JSON take."""
    assert words(said).encode().decode() == words(said)


@given(st.dictionaries(ANYTHING, st.lists(ANYTHING | st.integers())))
def test_all_of_it_becomes_json(value: object) -> None:
    """In lists and dicts too."""
    assert json.dumps(in_words(value), ensure_ascii=False).encode()


@given(ANYTHING)
def test_a_record_takes_any_text(said: str) -> None:
    """As a last bar: a line that could not be written would be a delivery without an end."""
    line_ = Decision(at=1.0, fate="hold", why=said)
    kept = decode(encode(line_))
    assert isinstance(kept, Decision)
    assert kept.why == words(said)
