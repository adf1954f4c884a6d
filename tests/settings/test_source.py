"""The configuration as it goes to the processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.settings import Source, decode, encode

sources = st.builds(
    Source,
    st.text(),
    st.text(),
    st.none() | st.lists(st.text()),
    st.none() | st.lists(st.text()),
    st.none() | st.integers(0, 100),
)


@given(sources)
def test_source_arrives_as_it_was_sent(source: Source) -> None:
    """Every process reads the same text and the same command line."""
    assert decode(encode(source)) == source


@pytest.mark.parametrize("message", [b"", b"\xc1", b"\x93\x01\x02\x03"])
def test_anything_else_is_refused(message: bytes) -> None:
    """A message that is no source is a ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        decode(message)
