"""Names: read and written as RFC 1035 has them, and never for long on hostile bytes."""

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import WireError
from dnswatch.wire import name
from tests.strategies import in_wire, names

hostnames = st.from_regex(
    r"[_-]?[a-zA-Z0-9_-]{0,20}[a-z](\.[A-Z0-9][a-z0-9_-]{0,20}){0,5}\.?", fullmatch=True
)

HEADER = bytes(12)


@given(names, st.binary(max_size=20))
def test_a_name_is_read_as_it_was_written(wire: bytes, behind: bytes) -> None:
    """Any name comes back in lower case, whatever bytes its labels hold."""
    assert name.read(wire + behind, 0) == wire.lower()
    assert name.skip(wire + behind, 0) == len(wire)


@given(names)
def test_a_compressed_name_is_read_whole(wire: bytes) -> None:
    """A pointer to an earlier name gives that name (RFC 1035 section 4.1.4)."""
    message = HEADER + wire + b"\3www" + b"\xc0\x0c"
    at = len(HEADER + wire)
    if len(wire) + 4 <= name.MAX_NAME:
        assert name.read(message, at) == b"\3www" + wire.lower()
    assert name.skip(message, at) == len(message)


def test_the_header_holds_no_name() -> None:
    """A pointer into the header is refused: what stands there is not passed on as it came."""
    message = b"\1a\0" + bytes(9) + b"\3www\xc0\x00"
    for see in (name.read, name.skip):
        with pytest.raises(WireError):
            see(message, 12)


@pytest.mark.parametrize(
    "message",
    [
        b"\xc0\x00",  # itself
        b"\xc0\x02\xc0\x00",  # forward, and back
        b"\1a\xc0\x00",  # back to its own first label
        b"\xc0\x04\0\0\1a\0",  # forward to a good name
        b"\x40a\0",  # a reserved kind of label
        b"\x80a\0",
        b"\3ab",  # cut off
        b"\xc0",
        b"",
        b"\x3f" + bytes(63) + (b"\x3f" + bytes(63)) * 3 + b"\0",  # 257 bytes
    ],
)
def test_a_malformed_name_is_refused(message: bytes) -> None:
    """Loops, forward pointers, reserved labels, and names cut off or too long are no names."""
    with pytest.raises(WireError):
        name.read(message, 0)


def test_a_chain_of_pointers_ends() -> None:
    """A name made of thousands of pointers, each to the one before, is read in one pass."""
    pointers = (0xC000 | max(12, at - 2) for at in range(13, 9999, 2))
    chain = HEADER + b"\0" + b"".join(pointer.to_bytes(2, "big") for pointer in pointers)
    assert name.read(chain, 9997) == name.ROOT


def test_a_name_grown_by_pointers_is_refused() -> None:
    """Labels collected over many pointers count together: 255 bytes is the end."""
    message = HEADER + b"\x3f" + b"a" * 63 + b"\0"
    starts = [len(HEADER)]
    for _ in range(4):
        starts.append(len(message))
        message += b"\x3f" + b"b" * 63 + (0xC000 | starts[-2]).to_bytes(2, "big")
    assert len(name.read(message, starts[2])) == 193
    with pytest.raises(WireError):
        name.read(message, starts[3])


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_are_a_name_or_an_error(message: bytes, at: int) -> None:
    """Hostile bytes give a name of at most 255 bytes or a `WireError`, nothing else."""
    try:
        read = name.read(message, at)
    except WireError:
        return
    assert len(read) <= name.MAX_NAME
    assert dns.name.from_wire(message, at)[0] == dns.name.from_wire(read, 0)[0]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_skipping_goes_forward(message: bytes, at: int) -> None:
    """Whatever the bytes, a skipped name ends behind its start, or it is a `WireError`."""
    try:
        assert at < name.skip(message, at) <= at + 320
    except WireError:
        return


@given(names)
def test_text_is_printable_and_unambiguous(wire: bytes) -> None:
    """A name's text is printable ASCII, and a zone file would read the same name from it."""
    text = name.to_text(wire)
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert dns.name.from_text(text).to_wire() == wire


@given(hostnames)
def test_host_names_survive_text(text: str) -> None:
    """A plain name is read, written in lower case without its last dot, and read again."""
    wire = name.from_text(text)
    assert name.to_text(wire) == text.lower().removesuffix(".")
    assert name.from_text(name.to_text(wire)) == wire


@pytest.mark.parametrize("text", ["", "."])
def test_the_root_has_no_label(text: str) -> None:
    """The root is written as a dot or as nothing."""
    assert name.from_text(text) == name.ROOT
    assert name.to_text(name.ROOT) == "."


@pytest.mark.parametrize(
    "text", ["a..b", ".a", "a b", "bücher.example", "a" * 64, "a.\n", "*.a", "a..", "a!", "..", "²"]
)
def test_what_is_no_host_name_is_refused(text: str) -> None:
    """Empty or long labels, spaces and letters beyond ASCII are refused, not mangled."""
    with pytest.raises(WireError):
        name.from_text(text)


def test_the_longest_name_fits_and_no_longer_one() -> None:
    """A name has at most 255 bytes in wire form, its root included."""
    longest = ".".join(["a" * 63] * 3 + ["a" * 61])
    assert len(name.from_text(longest)) == name.MAX_NAME
    assert name.read(name.from_text(longest), 0) == in_wire([b"a" * 63] * 3 + [b"a" * 61])
    with pytest.raises(WireError):
        name.from_text(longest + "a")
