"""Findings: what holds, what does not, and what cannot be told."""

from dataclasses import replace

import pytest

from dnswatch.lab.study.assertions import PaperWorm
from dnswatch.lab.study.findings import Holds, PaperFinding, findings, worm_of
from tests.lab.study.sample import INFECTED, NORMAL, outbreak, trace


def by_statement(found: list[PaperFinding], assertion: str) -> dict[str, PaperFinding]:
    """Choose the findings of one assertion."""
    return {one.statement: one for one in found if one.assertion == assertion}


def test_a_trace_like_the_papers_holds() -> None:
    """What the sample has of SoBig's numbers holds; what it has not does not."""
    found = findings([outbreak()])
    for assertion in ("A2", "A3", "A4", "A5", "A6", "A7", "A8", "A11", "A12", "A14"):
        for one in by_statement(found, assertion).values():
            assert one.holds is Holds.YES, one
    [onset] = by_statement(found, "A1").values()
    assert (onset.value, onset.ours, onset.holds) == (2.0, "2", Holds.NO)
    [peak] = by_statement(found, "A5").values()
    assert (peak.paper, peak.ours) == ("2,000 ±15%", "2,000")


def test_numbers_of_the_other_outbreak_are_left_out() -> None:
    """A13 is MyDoom's, A12 SoBig's."""
    assert not by_statement(findings([outbreak("sobig")]), "A13")
    assert by_statement(findings([outbreak("sobig")]), "A12")
    assert not by_statement(findings([outbreak("mydoom")]), "A12")
    assert by_statement(findings([outbreak("mydoom")]), "A13")


def test_an_outbreak_of_ones_own_is_shown_beside_both() -> None:
    """Where the paper's numbers differ by outbreak, another one cannot be judged by them."""
    found = findings([outbreak("monday")])
    [peak] = by_statement(found, "A5").values()
    assert peak.holds is Holds.UNTOLD
    assert peak.paper == "SoBig: 2,000 ±15%; MyDoom: 900 ±15%"
    assert peak.ours == "2,000"
    assert "name the trace" in peak.why
    [share] = by_statement(found, "A3").values()
    assert share.holds is Holds.YES


def test_counts_of_a_site_of_another_size_are_not_judged() -> None:
    """Six hosts send less than the paper's 1,128: the number is shown, and no verdict."""
    found = findings([outbreak()])
    for assertion in ("A10", "A15"):
        for statement, one in by_statement(found, assertion).items():
            if "flows of mail" in statement or "flows of the site, at" in statement:
                assert one.holds is Holds.UNTOLD
                assert one.why == "a count of the whole site: 6 hosts here, 1,128 there"
                assert one.ours


def test_counts_of_a_site_of_the_papers_size_are_judged() -> None:
    """A quarter more or less is the same size."""
    alike = outbreak()
    hosts = {f"10.1.{number // 256}.{number % 256}": NORMAL for number in range(1000)}
    census = replace(alike.census, groups={**alike.census.groups, **hosts})
    found = findings([replace(alike, census=census)])
    [sent] = (
        one
        for statement, one in by_statement(found, "A15").items()
        if statement == "Successful SMTP flows of the site, at the peak"
    )
    assert sent.holds is Holds.NO


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ({"has_flows": False}, "the trace has no flows"),
        ({"has_lookups": False}, "the trace has no lookups"),
        ({"onset": None}, "the trace has no outbreak"),
        ({}, "nothing in the trace is of that kind"),
    ],
)
def test_what_cannot_be_told_says_why(kept: dict[str, bool], why: str) -> None:
    """A trace without flows, lookups, outbreak or infected hosts says so."""
    found = findings([trace({(INFECTED, "tcp"): [0] * 4}, **kept)])  # type: ignore[arg-type]
    [share, *_] = by_statement(found, "A12").values()
    assert (share.holds, share.why, share.ours) == (Holds.UNTOLD, why, "")


def test_two_outbreaks_are_compared() -> None:
    """A17 needs both outbreaks."""
    alone = findings([outbreak()])[-1]
    assert (alone.assertion, alone.holds) == ("A17", Holds.UNTOLD)
    small = trace(
        {(INFECTED, "tcp"): [0, 0, 5400, 0], (INFECTED, "smtp_success"): [0, 0, 9, 0]},
        name="mydoom",
    )
    both = findings([outbreak(), small])[-1]
    assert (both.ours, both.holds) == ("1.48", Holds.YES)
    assert findings([outbreak(), outbreak("mydoom")])[-1].holds is Holds.NO


@pytest.mark.parametrize(
    ("name", "worm"),
    [("sobig", PaperWorm.SOBIG), ("my-MyDoom-run", PaperWorm.MYDOOM), ("monday", None)],
)
def test_an_outbreak_is_known_by_its_name(name: str, worm: PaperWorm | None) -> None:
    """The name of a trace may hold that of the worm."""
    assert worm_of(outbreak(name)) is worm
