"""The table of verdicts."""

from collections.abc import Mapping
from itertools import product

import pytest

from dnswatch.bay.inspection.opinions import RULES, combine
from dnswatch.bay.record import Opinion, Says

OURS = ("programs", "containers", "campaign", "sizes", "sender", "manners")
ALL = (*OURS, "clamav", "rspamd")
SAYS: tuple[Says, ...] = ("clean", "suspicious", "worm", "not-scanned")


def verdict(said: Mapping[str, Says], names: tuple[str, ...] = ALL) -> str:
    """Combine opinions of these inspectors; what is not said is clean."""
    return combine(
        Opinion(inspector=name, says=said.get(name, "clean"), reason="") for name in names
    )[0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "clean"),
        ({"clamav": "worm"}, "worm"),
        ({"programs": "worm"}, "worm"),
        ({"programs": "suspicious", "campaign": "suspicious"}, "worm"),
        ({"programs": "suspicious", "sizes": "suspicious"}, "worm"),
        ({"campaign": "suspicious", "manners": "suspicious"}, "worm"),
        ({"campaign": "suspicious", "rspamd": "worm"}, "worm"),
        ({"campaign": "suspicious", "rspamd": "suspicious"}, "unsure"),
        ({"campaign": "suspicious", "sizes": "suspicious"}, "unsure"),
        ({"containers": "suspicious", "campaign": "suspicious"}, "unsure"),
        ({"programs": "suspicious", "manners": "suspicious"}, "unsure"),
        ({"rspamd": "worm"}, "unsure"),
    ],
)
def test_worm_needs_knowledge_or_two_that_agree(said: dict[str, Says], expected: str) -> None:
    """A scanner's signature, a disguise, or two signs that no person gives: else it is unsure."""
    assert verdict(said) == expected


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("says", ["suspicious", "not-scanned"])
def test_one_suspicion_or_silence_is_never_clean(name: str, says: Says) -> None:
    """Whoever suspects a message, or has not scanned it, keeps it from being clean."""
    assert verdict({name: says}) == "unsure"


def test_clean_needs_a_scanner_of_content() -> None:
    """Without ClamAV and rspamd nobody has judged what a message says: it is unsure."""
    assert verdict({}, names=OURS) == "unsure"
    assert verdict({}, names=(*OURS, "rspamd")) == verdict({}, names=(*OURS, "clamav")) == "clean"
    assert verdict({}, names=()) == "unsure"


def test_no_opinion_makes_a_verdict_milder() -> None:
    """Whatever all the others say, a suspicion in place of a clean makes no verdict milder."""
    order = {"clean": 0, "unsure": 1, "worm": 2}
    four = ("clamav", "programs", "campaign", "manners")
    for said in product(SAYS, repeat=4):
        opinions = dict(zip(four, said, strict=True))
        for name in four:
            if opinions[name] == "clean":
                worse: dict[str, Says] = {**opinions, name: "suspicious"}
                assert order[verdict(worse)] >= order[verdict(opinions)]


def test_each_rule_is_a_sentence() -> None:
    """The rule that decides is told, and no two read the same."""
    assert len({rule.why for rule in RULES}) == len(RULES)
    opinion = Opinion(inspector="clamav", says="worm", reason="")
    assert combine([opinion]) == ("worm", "ClamAV knows it")
