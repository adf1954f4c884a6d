"""pcap files: cut into chunks anywhere, and read on behind damage."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.sources.capture.pcap import RecordWalk, chunks
from tests.sources.packets import NOON, conversation, listed, pcap

FILE = pcap([(NOON + n, bytes([n]) * (50 + n)) for n in range(40)])
HEADER, HEAD = 24, 16


def read(data: bytes, size: int = 1 << 20) -> list[bytes]:
    """Return the frames of a file."""
    return [
        chunk.data[begin:end]
        for chunk in chunks(io.BytesIO(data), size=size)
        if chunk.data
        for _, _, begin, end in listed(RecordWalk(chunk))
    ]


@given(size=st.integers(1, 5000))
def test_a_file_is_the_same_however_it_is_cut(size: int) -> None:
    """Chunks of any size hold the same frames in the same order."""
    assert read(FILE, size) == [bytes([n]) * (50 + n) for n in range(40)]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "ticks"), [(0xA1B2C3D4, 10**6), (0xA1B23C4D, 10**9)])
def test_both_orders_and_both_units_are_read(order: str, magic: int, ticks: int) -> None:
    """A file of another machine, or with nanoseconds, tells the same times."""
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 101)
    record = struct.pack(f"{order}IIII", int(NOON), ticks // 4, 3, 9) + b"abc"
    [chunk] = chunks(io.BytesIO(head + record))
    assert listed(RecordWalk(chunk)) == [(NOON + 0.25, 101, HEAD, HEAD + 3)]


def test_damage_in_the_middle_is_skipped_and_counted() -> None:
    """A record whose length cannot be is lost, and those behind it are read."""
    whole = read(FILE)
    at = HEADER + sum(HEAD + len(frame) for frame in whole[:10])
    damaged = FILE[: at + 8] + b"\xff" * 4 + FILE[at + 12 :]
    assert read(damaged) == whole[:10] + whole[11:]
    told = list(chunks(io.BytesIO(damaged)))
    assert sum(chunk.damaged for chunk in told) == 1
    assert sum(chunk.damaged_bytes for chunk in told) == HEAD + len(whole[10])
    assert not any(chunk.is_cut_off for chunk in told)


@given(st.binary(min_size=1, max_size=300), st.integers(0, 39), st.integers(64, 4096))
def test_a_burst_of_noise_costs_little(noise: bytes, place: int, size: int) -> None:
    """Whatever stands between two records, what follows is found again."""
    whole = read(FILE)
    at = HEADER + sum(HEAD + len(frame) for frame in whole[:place])
    found = read(FILE[:at] + b"\xff" * 16 + noise + FILE[at:], size)
    assert found[:place] == whole[:place]
    assert place > 37 or found[-(38 - place) :] == whole[place + 2 :]


def test_an_end_that_is_cut_off_is_said() -> None:
    """A last record that is not whole is no damage, but it is told."""
    *_, last = chunks(io.BytesIO(FILE[:-5]))
    assert last.is_cut_off
    assert read(FILE[:-5]) == read(FILE)[:-1]
    [header] = chunks(io.BytesIO(FILE[:10]))
    assert header.is_cut_off


def test_damage_up_to_the_end_is_counted() -> None:
    """Where no record can be found any more, all bytes left are told as skipped."""
    *_, last = chunks(io.BytesIO(FILE + b"\xff" * 100))
    assert (last.damaged, last.damaged_bytes) == (1, 100)


def test_a_visit_has_all_its_frames() -> None:
    """What dpkt wrote is read."""
    assert read(pcap(conversation())) == [frame for _, frame in conversation()]
