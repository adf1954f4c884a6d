"""Flows: connections and conversations, the same however a capture is cut."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from dnswatch.model.flow import Contact, Flow, Outcome
from dnswatch.sources.capture.flows import FLOWS, IDLE, IDLE_TCP, LINGER, Flows

HERE, THERE = b"\x0a\0\0\1", b"\xc0\0\2\1"
PORTS, BACK = b"\xa0\0\0\x19", b"\0\x19\xa0\0"
OUT, IN = HERE + THERE + PORTS, THERE + HERE + BACK
FIN, SYN, RST, ACK = 1, 2, 4, 16

Packet = tuple[float, int, bytes, int, int, int, int]
"""When, protocol, ends, length, payload, flags, sequence number."""


def tcp(at: float, ends: bytes, flags: int, payload: int = 0, seq: int = 0) -> Packet:
    """Tell of a TCP packet."""
    return at, 6, ends, 40 + payload, payload, flags, seq


def flows_of(packets: list[Packet]) -> list[Flow]:
    """Put packets together."""
    flows = Flows()
    for packet in packets:
        flows.add(*packet)
    return sorted(flows.sweep(float("inf")), key=astuple)


MAIL = [
    tcp(0.0, OUT, SYN, seq=5),
    tcp(0.1, IN, SYN | ACK),
    tcp(0.2, OUT, ACK),
    tcp(0.3, IN, ACK, 90),
    tcp(0.4, OUT, ACK, 600),
    tcp(0.5, OUT, FIN | ACK),
    tcp(0.6, IN, FIN | ACK),
]


def test_a_connection_is_one_flow() -> None:
    """Both ways are counted, the payload is the source's, the outcome is the handshake's."""
    [flow] = flows_of(MAIL)
    assert flow == Flow(0.0, HERE, THERE, 6, 25, Outcome.SUCCESS, 0.6, 7, 970, 600)


@pytest.mark.parametrize(
    ("packets", "outcome"),
    [
        ([tcp(0, OUT, SYN)], Outcome.FAILURE),
        ([tcp(0, OUT, SYN), tcp(1, OUT, SYN), tcp(3, OUT, SYN)], Outcome.FAILURE),
        ([tcp(0, OUT, SYN), tcp(1, IN, RST | ACK)], Outcome.FAILURE),
        ([tcp(0, OUT, SYN), tcp(1, IN, SYN | ACK)], Outcome.SUCCESS),
        ([tcp(0, OUT, SYN), tcp(1, OUT, ACK)], Outcome.SUCCESS),
        ([tcp(0, OUT, ACK, 5), tcp(1, IN, ACK)], Outcome.UNKNOWN),
    ],
)
def test_the_handshake_tells_success_from_failure(packets: list[Packet], outcome: Outcome) -> None:
    """Nothing, or a reset, is failure; where the beginning is missing nobody can say."""
    [flow] = flows_of(packets)
    assert (flow.outcome, flow.source) == (outcome, HERE)


def test_a_flow_that_begins_with_the_answer_is_of_who_asked() -> None:
    """A SYN-ACK goes to the source."""
    [flow] = flows_of([tcp(0, IN, SYN | ACK), tcp(1, OUT, ACK, 10)])
    assert (flow.source, flow.port, flow.payload) == (HERE, 25, 10)
    assert flow.outcome is Outcome.SUCCESS


def test_a_new_connection_from_the_same_port_is_another_flow() -> None:
    """A SYN with another number begins one, a repeated SYN does not."""
    again = [tcp(1.0, OUT, SYN, seq=9), tcp(1.5, OUT, SYN, seq=9), tcp(2.0, IN, RST)]
    assert [flow.outcome for flow in flows_of(MAIL + again)] == [Outcome.SUCCESS, Outcome.FAILURE]


@pytest.mark.parametrize(("protocol", "patience"), [(17, IDLE), (6, IDLE_TCP)])
def test_silence_ends_a_flow(protocol: int, patience: float) -> None:
    """What comes after it is another one."""
    times = (0.0, patience - 1, 2 * patience - 2, 3 * patience)
    found = flows_of([(at, protocol, OUT, 50, 10, 0, 0) for at in times])
    assert [flow.packets for flow in found] == [3, 1]


def test_protocols_without_ports_have_flows_too() -> None:
    """ICMP from one host to another is one conversation."""
    [flow] = flows_of([(0.0, 1, HERE + THERE, 84, 64, 0, 0), (1.0, 1, THERE + HERE, 84, 64, 0, 0)])
    assert (flow.port, flow.packets, flow.payload, flow.outcome) == (None, 2, 64, Outcome.UNKNOWN)


def test_the_first_contact_is_told_at_once() -> None:
    """Long before the flow ends."""
    flows = Flows()
    for packet in MAIL[:3]:
        flows.add(*packet)
    assert flows.contacts == [Contact(0.0, HERE, THERE, 6, 25)]
    assert list(flows.sweep(1.0)) == []


def test_flows_that_go_on_are_bounded() -> None:
    """Of too many the one begun first ends early, and is counted."""
    flows = Flows()
    for n in range(FLOWS + 3):
        flows.add(0.0, 17, HERE + n.to_bytes(4, "big") + PORTS, 60, 10)
    assert flows.early == 3
    assert len(list(flows.sweep(0.0))) == 3


def _days() -> Iterator[st.SearchStrategy[Packet]]:
    ends = [OUT, IN, HERE + THERE + b"\xa0\1\0\x19", THERE + HERE + b"\0\x19\xa0\1"]
    gaps = st.sampled_from([0.0, 0.5, LINGER, LINGER + 1, IDLE + 1, IDLE_TCP + 1])
    flags = st.sampled_from([SYN, SYN | ACK, ACK, FIN | ACK, RST])
    yield st.tuples(
        gaps,
        st.sampled_from([6, 17]),
        st.sampled_from(ends),
        st.just(60),
        st.integers(0, 20),
        flags,
        st.integers(1, 2),
    )


def _is_half_closed(packets: list[Packet]) -> bool:
    """Say whether of some connection one side has sent more FINs than the other."""
    fins = Counter(
        ends for _, protocol, ends, *_, flags, _ in packets if protocol == 6 and flags == FIN | ACK
    )
    return any(count != fins[_back(ends)] for ends, count in list(fins.items()))


def _pauses_after_its_end(packets: list[Packet], cut: int) -> bool:
    """Say whether a connection that has ended goes on behind a cut, after a pause, without a SYN.

    Who sees only what is behind the cut does not know that such a pause begins another flow.
    """
    ended: dict[frozenset[bytes], float] = {}
    for n, (at, protocol, ends, *_, flags, _) in enumerate(packets):
        which = frozenset((ends, _back(ends)))
        if protocol == 6 and (which in ended or flags & (FIN | RST)):
            if n > cut and flags != SYN and at - ended.get(which, at) > LINGER:
                return True
            ended[which] = at
    return False


def _back(ends: bytes) -> bytes:
    return ends[4:8] + ends[:4] + ends[10:] + ends[8:10]


@given(st.lists(next(_days()), max_size=40), st.sets(st.integers(0, 40)))
def test_a_capture_may_be_cut_anywhere(steps: list[Packet], cuts: set[int]) -> None:
    """Parts of flows from pieces of a capture join to the very flows of the whole."""
    packets: list[Packet] = []
    at = 0.0
    for gap, protocol, ends, length, payload, flags, seq in steps:
        at += gap
        flags = flags if protocol == 6 else 0
        packets.append((at, protocol, ends, length, payload, flags, seq))
    joined, piece = Flows(), Flows()
    for n, packet in enumerate(packets):
        piece.add(*packet)
        is_vague = _is_half_closed(packets[: n + 1]) or _pauses_after_its_end(packets, n)
        if n in cuts and not is_vague:
            for part in piece.parts():
                joined.join(part)
    for part in piece.parts():
        joined.join(part)
    assert sorted(joined.sweep(float("inf")), key=astuple) == flows_of(packets)
