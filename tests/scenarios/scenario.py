"""Scenarios: what clients ask, upstreams say and clients see, written to be read.

A file `*.scn` begins with comments: the rule that it shows, and where that comes from.  Then:

    upstreams 2                             how many there are, in order; 1 unless it is said
    settings cache.stale = "0s"             a line of the configuration
    A asks www.example. A                   a client (a letter); behind it DO, CD, TCP, no EDNS
    1 is asked www.example. A               an upstream (a number); behind it TCP, no EDNS
    1 says NOERROR                          behind it TC, no EDNS, no question; or: 1 fails
        answer www.example. 300 A 192.0.2.1     answer, authority or additional
    A sees NOERROR                          behind it TC, EDE 3; exactly the records that follow
        answer www.example. 300 A 192.0.2.1
    A sees nothing yet
    10s pass
    nobody is asked
    A is to be refused                      by a policy; or quarantined

All names end with `example.`: who plays several files on one server puts a label before it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

FOLDER: Final = Path(__file__).parent
SECTIONS: Final = ("answer", "authority", "additional")


@dataclass
class Step:
    """One line, with the records under it."""

    place: str
    "File and line, for whoever reads that it failed."
    who: str
    verb: str
    words: list[str]
    records: list[tuple[str, str]] = field(default_factory=list)
    "Section and record, as text."

    def has(self, word: str) -> bool:
        """Tell whether something is said behind the verb: `TC`, `no EDNS`."""
        return f" {word} " in f" {' '.join(self.words)} "


@dataclass
class Scenario:
    """A file."""

    name: str
    rule: str
    upstreams: int = 1
    settings: str = ""
    steps: list[Step] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """Whether a server of everyday settings can play it within a second."""
        is_timeless = not any(step.verb in ("pass", "is to be", "fails") for step in self.steps)
        return is_timeless and not self.settings


def read(path: Path, label: str = "") -> Scenario:
    """Read a file; names get a `label` before `example.`."""
    lines = path.read_text().replace("example.", f"{label}example.").splitlines()
    rule = " ".join(line[1:].strip() for line in lines if line.startswith("#"))
    found = Scenario(path.stem, rule)
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith(" "):
            assert words[0] in SECTIONS, f"{path.name}:{number}: no section '{words[0]}'"
            found.steps[-1].records.append((words[0], " ".join(words[1:])))
        elif words[0] == "upstreams":
            found.upstreams = int(words[1])
        elif words[0] == "settings":
            found.settings += line.removeprefix("settings ") + "\n"
        else:
            found.steps.append(_step(f"{path.name}:{number}: {line}", words))
    return found


def _step(place: str, words: list[str]) -> Step:
    for verb in ("is to be", "is asked", "asks", "says", "sees", "pass", "fails"):
        length = len(verb.split())
        if words[1 : 1 + length] == verb.split():
            return Step(place, words[0], verb, words[1 + length :])
    raise AssertionError(f"{place}: this means nothing")


def query(step: Step) -> dns.message.Message:
    """Write what a client asks."""
    name, qtype = step.words[:2]
    made = dns.message.make_query(
        name, qtype, use_edns=-1 if step.has("no EDNS") else 0, want_dnssec=step.has("DO")
    )
    if step.has("CD"):
        made.flags |= dns.flags.CD
    if step.has("no RD"):
        made.flags &= ~dns.flags.RD
    return made


def response(step: Step, asked: bytes, *, udp: bool = True) -> bytes:
    """Write what an upstream says to a question."""
    question = dns.message.from_wire(asked)
    made = dns.message.make_response(question, recursion_available=True)
    made.set_rcode(dns.rcode.from_text(step.words[0]))
    if step.has("no EDNS"):
        made.use_edns(-1)
    if step.has("no question"):
        made.question = []
    if step.has("TC") and udp:
        made.flags |= dns.flags.TC
    for section, record in step.records:
        name, ttl, rtype, data = record.split(maxsplit=3)
        getattr(made, section).append(dns.rrset.from_text(name, int(ttl), "IN", rtype, data))
    return made.to_wire(max_size=65535)


def check_question(step: Step, asked: bytes, *, tcp: bool) -> None:
    """Demand that an upstream was asked as the step says."""
    message = dns.message.from_wire(asked)
    name, qtype = step.words[:2]
    question = message.question[0]
    assert (question.name.to_text().lower(), qtype) == (name.lower(), _type(question)), step.place
    assert (message.edns < 0) is step.has("no EDNS"), step.place
    assert tcp is step.has("TCP"), step.place


def check_answer(step: Step, got: bytes, *, late: int = 0) -> None:
    """Demand that a client sees what the step says, with TTLs at most `late` seconds less."""
    message = dns.message.from_wire(got)
    assert dns.rcode.to_text(message.rcode()) == step.words[0], f"{step.place}\n{message}"
    assert bool(message.flags & dns.flags.TC) is step.has("TC"), f"{step.place}\n{message}"
    said = [int(option.code) for option in message.extended_errors()]
    wanted = [int(step.words[step.words.index("EDE") + 1])] if step.has("EDE") else []
    assert said == wanted, f"{step.place}\n{message}"
    found = sorted(
        (section, f"{rrset.name} {rrset.ttl} {_type(rrset)} {data}")
        for section in SECTIONS
        for rrset in getattr(message, section)
        for data in rrset
    )
    expected = sorted(step.records)
    sections = [section for section, _ in expected]
    assert [section for section, _ in found] == sections, f"{step.place}\n{message}"
    for (_, record), (_, wanted_record) in zip(found, expected, strict=True):
        name, ttl, rest = record.split(maxsplit=2)
        wanted_name, wanted_ttl, wanted_rest = wanted_record.split(maxsplit=2)
        assert (name, rest) == (wanted_name, wanted_rest), f"{step.place}\n{message}"
        assert 0 <= int(wanted_ttl) - int(ttl) <= late, f"{step.place}\n{message}"


def _type(rrset: dns.rrset.RRset) -> str:
    return dns.rdatatype.to_text(rrset.rdtype)
