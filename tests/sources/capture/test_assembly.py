"""Assembly: chunks in order give what the whole capture tells, whoever dissected them."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from dnswatch.errors import SourceError
from dnswatch.model.flow import Contact, Flow
from dnswatch.model.observation import Observation
from dnswatch.sources.capture import pcap, pcapng
from dnswatch.sources.capture.assembly import readings
from dnswatch.sources.capture.chunk import Chunk
from dnswatch.sources.capture.dissection import dissect
from dnswatch.sources.crew import Crew
from tests.sources.packets import (
    CLIENT,
    NOON,
    SERVER,
    Timed,
    back,
    conversation,
    ethernet,
    fragments,
    query,
    response,
    tcp,
    udp,
)
from tests.sources.packets import pcap as written
from tests.sources.packets import pcapng as written_anew


class Whole:
    """All that a capture tells."""

    def __init__(self, data: bytes, size: int = 1 << 20, workers: int = 1) -> None:
        self.lookups: list[Observation] = []
        self.contacts: list[Contact] = []
        self.flows: list[Flow] = []
        self.census: Counter[str] = Counter()
        with Crew(workers) as crew:
            for reading in readings(
                io.BytesIO(data), crew, lambda file, path: pcap.chunks(file, path, size)
            ):
                self.lookups += reading.lookups
                self.contacts += reading.contacts
                self.flows += reading.flows
                self.census += reading.census
        self.flows.sort(key=astuple)


def day() -> list[Timed]:
    """Make a busy minute: lookups, visits, fragments, DNS over TCP, lost responses."""
    long = response(gives=[f"192.0.2.{n}" for n in range(1, 90)], ident=9)
    asked, answered = (len(m).to_bytes(2, "big") + m for m in (query(ident=3), response(ident=3)))
    packets = [
        udp(query(ident=9)),
        *fragments(back(long), 400),
        udp(query(ident=10)),
        tcp(CLIENT, SERVER, (43000, 53), "S", 9),
        tcp(SERVER, CLIENT, (53, 43000), "SA", 19),
        tcp(CLIENT, SERVER, (43000, 53), "PA", 10, asked[:20]),
        tcp(CLIENT, SERVER, (43000, 53), "PA", 30, asked[20:]),
        tcp(SERVER, CLIENT, (53, 43000), "PA", 20, answered),
    ]
    frames = [(NOON + 2 + n / 10, ethernet(packet)) for n, packet in enumerate(packets)]
    return [*conversation(), *frames, *conversation(NOON + 30)]


DAY = written(day())


@given(st.integers(30, 3000))
def test_chunks_of_any_size_tell_the_same(size: int) -> None:
    """Wherever the capture is cut."""
    whole, cut = Whole(DAY), Whole(DAY, size)
    assert sorted(map(astuple, cut.lookups)) == sorted(map(astuple, whole.lookups))
    assert cut.flows == whole.flows
    assert sorted(cut.contacts) == sorted(whole.contacts)
    assert +cut.census == +whole.census


def test_processes_tell_the_same() -> None:
    """However many share the work."""
    whole, shared = Whole(DAY), Whole(DAY, 500, workers=2)
    assert (shared.lookups, shared.flows) == (whole.lookups, whole.flows)
    assert shared.census == whole.census


@pytest.mark.parametrize(
    ("chunks", "data"), [(pcap.chunks, DAY), (pcapng.chunks, written_anew(day()))]
)
@given(size=st.integers(40, 3000), place=st.integers(200, 2000))
def test_each_chunk_says_where_in_the_file_it_is(
    chunks: Callable[[io.BytesIO, str, int], Iterator[Chunk]], data: bytes, size: int, place: int
) -> None:
    """Damage before it or not: who helps reads it there."""
    damaged = data[:place] + b"\xff" * 30 + data[place:]
    for chunk in chunks(io.BytesIO(damaged), "", size):
        assert damaged[chunk.at :].startswith(chunk.data)


def test_a_file_that_becomes_shorter_is_an_error(tmp_path: Path) -> None:
    """Who helps reads it a moment later."""
    file = tmp_path / "capture"
    file.write_bytes(DAY)
    [chunk] = pcap.chunks(io.BytesIO(DAY))
    [there] = pcap.chunks(io.BytesIO(DAY), str(file))
    assert (there.data, dissect(there)) == (b"", dissect(chunk))
    file.write_bytes(DAY[:-1])
    with pytest.raises(SourceError, match="became shorter"):
        dissect(there)


def test_what_takes_several_packets_is_found() -> None:
    """A response in fragments with its 89 addresses, and a lookup over TCP."""
    whole = Whole(DAY)
    assert max(len(seen.addresses) for seen in whole.lookups) == 89
    assert whole.census["answered"] == 4
    assert whole.census["unanswered"] == 1
    assert whole.census["fragments_lost"] == whole.census["streams_broken"] == 0


def test_what_is_missing_takes_nothing_with_it() -> None:
    """A lone first fragment holds its question's answer; a lost segment loses its own message."""
    long = response(gives=[f"192.0.2.{n}" for n in range(1, 90)], ident=9)
    asked = [len(m).to_bytes(2, "big") + m for m in (query(ident=n) for n in range(4))]
    ports, size = (43000, 53), len(asked[0])
    packets = [
        udp(query(ident=9)),
        fragments(back(long), 400)[0],
        tcp(CLIENT, SERVER, ports, "S", 9),
        *(tcp(CLIENT, SERVER, ports, "PA", 10 + n * size, asked[n]) for n in (0, 2, 3)),
        *(udp(b"", dport=9) for _ in range(100)),
    ]
    frames = [(NOON + n / 10, ethernet(packet)) for n, packet in enumerate(packets)]
    for size in (1 << 20, 300, 1000):
        whole = Whole(written(frames), size)
        census = whole.census
        assert (census["queries"], census["answered"], census["unanswered"]) == (4, 1, 3)
        assert (census["dns_cut"], census["fragments_lost"], census["streams_broken"]) == (1, 1, 1)
        [answered] = [seen for seen in whole.lookups if seen.addresses]
        assert (answered.at, len(answered.addresses)) == (NOON + 0.1, 22)


@pytest.mark.parametrize("size", [1 << 20, 200])
def test_answers_from_another_address_find_their_queries(size: int) -> None:
    """Wherever the capture is cut; who asks two servers alike gets the answer of each."""
    packets = [
        udp(query(ident=1)),
        back(response(ident=1), server="10.0.0.99"),
        udp(query(ident=2)),
        udp(query(ident=2), CLIENT, "10.0.0.54"),
        back(response(ident=2), server="10.0.0.54"),
        back(response(ident=2)),
    ]
    frames = [(NOON + n / 10, ethernet(packet)) for n, packet in enumerate(packets)]
    whole = Whole(written(frames), size)
    assert (whole.census["answered"], whole.census["unasked"]) == (3, 0)
    servers = [seen.server and seen.server[-1] for seen in whole.lookups]
    assert servers == [53, 54, 53]


def test_lookups_come_in_order_of_time() -> None:
    """Within each reading, and none before what an earlier reading promised."""
    with Crew(1) as crew:
        until = 0.0
        for reading in readings(
            io.BytesIO(DAY), crew, lambda file, path: pcap.chunks(file, path, 700)
        ):
            times = [seen.at for seen in reading.lookups]
            assert times == sorted(times)
            assert all(at >= until for at in times)
            until = reading.until


@pytest.mark.parametrize(("cut", "measure"), [(-3, "cut_off"), (None, "")])
def test_a_cut_off_end_is_told(cut: int | None, measure: str) -> None:
    """Once, at the end."""
    census = Whole(DAY[:cut]).census
    assert census["cut_off"] == bool(measure)
    assert census["damaged"] == 0
