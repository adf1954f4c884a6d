"""Reading logs of Zeek: whichever it is, all its lines are accounted for."""

from collections import Counter

from dnswatch.model.flow import Contact, Flow
from dnswatch.model.observation import Observation
from dnswatch.sources.zeek.reading import SLACK, readings
from tests.sources.packets import NOON
from tests.sources.zeek.logs import CONN, DNS, SMTP


def read(
    log: bytes, *, counts_mails_only: bool = False
) -> tuple[list[Observation], list[Contact], list[Flow], Counter[str]]:
    """Read a log."""
    lookups, contacts, flows, census = [], [], [], Counter[str]()
    for reading in readings(log.splitlines(keepends=True), counts_mails_only=counts_mails_only):
        lookups += reading.lookups
        contacts += reading.contacts
        flows += reading.flows
        census += reading.census
    return lookups, contacts, flows, census


def test_lookups_are_counted() -> None:
    """With those that were not answered, and what is none."""
    lookups, _, _, census = read(DNS)
    assert len(lookups) == 3
    assert +census == Counter(
        frames=4, queries=3, mx=1, responses=2, answered=2, unanswered=1, lines_odd=1
    )


def test_connections_are_counted() -> None:
    """Each is a flow and a contact."""
    _, contacts, flows, census = read(CONN)
    assert [contact.port for contact in contacts] == [25, 25, None]
    assert len(flows) == 3
    assert (census["flows"], census["smtp"], census["lines_odd"]) == (3, 2, 1)


def test_mails_over_one_connection_are_one_flow() -> None:
    """And none where conn.log tells of the connection."""
    assert [len(told) for told in read(SMTP)[1:3]] == [1, 1]
    _, contacts, flows, census = read(SMTP, counts_mails_only=True)
    assert (contacts, flows, census["mails"]) == ([], [], 2)


def test_lines_may_stand_in_the_wrong_order() -> None:
    """A reading promises nothing of the last minutes before its last line."""
    first, last = readings(DNS.splitlines(keepends=True))
    assert first.until == NOON + 3 - SLACK
    assert last.until == NOON + 3


def test_broken_lines_are_counted() -> None:
    """They are damage, and what follows is read."""
    broken = DNS.replace(b"1060084801.000000", b"yesterday").replace(b"\t40002\t", b"\t")
    assert read(broken)[3]["damaged"] == 2
    assert read(broken)[3]["answered"] == 1


def test_the_kind_of_a_log_is_what_it_says() -> None:
    """Rows of http.log, which count transactions as smtp.log does, are no mails; nor is sip.log."""
    odd = (
        b"".join(
            b'{%b"ts":1060084800,"uid":"H","id.orig_h":"10.0.0.5","id.resp_h":"192.0.2.7",'
            b'"id.resp_p":80,"trans_depth":1,"method":"GET","conn_state":"SF"}\n' % path
            for path in (b'"_path":"http",', b'"_path":"conn_long",')
        )
        + b'{"ts":1060084800,"uid":"H","id.orig_h":"10.0.0.5","trans_depth":1,"method":"GET"}\n'
    )
    assert +read(odd)[3] == Counter(frames=3, lines_odd=3)


def test_a_time_that_cannot_be_is_damage_and_carries_nothing_away() -> None:
    """One row in milliseconds, of the year 2100, or years ahead of its neighbours."""
    for wrong in (b"1060084801000.0", b"4102444800.0", b"2060084801.0", b"-5", b"nan"):
        lookups, _, _, census = read(DNS.replace(b"1060084801.000000", wrong))
        assert (len(lookups), census["damaged"]) == (2, 1), wrong
        assert max(seen.at for seen in lookups) < NOON + 60
