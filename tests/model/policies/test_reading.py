"""A policy's text is read, or refused with the line at fault and what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import SettingsError
from dnswatch.model.policies.reading import precedence, read, read_all, unfit
from dnswatch.settings import read as read_settings
from tests.model.policies.texts import SHIPPED, policy, shipped

NAMES = sorted(path.stem for path in SHIPPED.glob("*.toml"))


def test_what_comes_with_dnswatch() -> None:
    """Six policies are shipped."""
    assert NAMES == [
        "delay",
        "ladder",
        "limit-refreshes",
        "observe",
        "quarantine",
        "refuse-mail-lookups",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_shipped_policies_are_whole(name: str) -> None:
    """Each has the name of its file, says whom it may hit wrongly, and is no dry run."""
    found = read(shipped(name), f"{name}.toml")
    assert found.name == name
    assert all((found.summary, found.false_alarms, found.references, found.since))
    assert not found.dry_run


def test_shipped_policies_have_different_places() -> None:
    """Of two shipped policies it is never by name which comes first."""
    places = [read(shipped(name), name).precedence for name in NAMES]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (policy(more="acton = 1"), "line 8: acton is no setting; did you mean action?"),
        (policy(name="Slow Down"), 'line 2: name is "Slow Down": expected small letters'),
        (policy(action="blok"), 'line 6: action is "blok": expected "observe" or "delay"'),
        (policy(evidence="sure"), 'line 10: applies_to.evidence is "sure": expected "any"'),
        (policy(whom="parameters = 1"), "line 11: applies_to.parameters is no setting"),
        (policy(whom='hours = ["8-17"]'), 'line 11: applies_to.hours[0] is "8-17": expected'),
        (policy(whom='roles = ["mail-server"]'), "line 11: applies_to.roles[0]"),
        (policy(whom="[parameters]\nhold = '5s'"), 'line 12: parameters.hold is "5s"'),
        (policy(whom="[parameters]\nbucket = 0"), "line 12: parameters.bucket is 0"),
        (policy(action="refuse", whom="[parameters]\nbucket = 5"), "is nothing to refuse"),
        (policy(action="limit-refreshes"), "parameters.refreshes is 0, which limits nothing"),
        (policy(action="quarantine"), 'lookups has "guess"'),
        (policy(action="steps"), "action and steps are both missing"),
        (shipped("ladder").replace('"likely"', '"suspect"'), "steps[1].evidence"),
        (shipped("ladder").replace("since =", "action = 'delay'\nsince ="), "stands beside steps"),
        (policy().replace('name = "slow"', ""), "the file lacks name: expected a text"),
        ("name = ", "this is no TOML"),
    ],
)
def test_what_is_wrong_is_said(text: str, expected: str) -> None:
    """Unknown keys, wrong types, values out of range and contradictions name line and mend."""
    with pytest.raises(SettingsError) as caught:
        read(text, "mine.toml")
    assert str(caught.value).startswith("mine.toml")
    assert expected in str(caught.value)


@given(st.sampled_from(NAMES), st.data())
def test_no_text_does_worse_than_be_refused(name: str, data: st.DataObject) -> None:
    """However a policy is mangled, it is read or refused in a sentence."""
    text = shipped(name)
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 12)))
    piece = data.draw(st.sampled_from(["", "0", "[]", '""', "{}", "= 1\n", "[steps]\n", "-1", "'"]))
    try:
        read(text[:begin] + piece + text[end:], "f")
    except SettingsError as error:
        assert str(error).startswith("f")  # noqa: PT017 what is drawn may as well be right


def test_a_broken_policy_does_not_hide_the_others() -> None:
    """What can be read is there, what cannot is told; of two with one name the later stays."""
    texts = [("a", policy(precedence=1)), ("b", "broken"), ("c", policy(precedence=2))]
    found, wrong = read_all(texts)
    assert {name: each.precedence for name, each in found.items()} == {"slow": 2}
    assert [str(error)[:1] for error in wrong] == ["b"]


def test_precedence_is_by_number_and_then_by_name() -> None:
    """The highest comes first; of equals the first by name, so that it is never by chance."""
    texts = [policy("b"), policy("a"), policy("c", precedence=200)]
    assert [each.name for each in precedence(read(text, "f") for text in texts)] == ["c", "a", "b"]


def test_quarantine_needs_a_word_of_authority() -> None:
    """Without the explicit statement of the site mail is not diverted; with it, it may be."""
    quarantine = read(shipped("quarantine"), "f")
    reason = unfit(quarantine, read_settings("", "f"))
    assert reason is not None
    assert "i_have_authority" in reason
    text = 'quarantine = {i_have_authority = true, addresses = ["192.0.2.1"]}'
    assert unfit(quarantine, read_settings(text, "f")) is None
    assert unfit(read(shipped("ladder"), "f"), read_settings("", "f")) is None


def test_a_group_must_be_the_sites() -> None:
    """A policy for a group that the configuration does not have is not switched on."""
    found = read(policy(whom='groups = ["lab"]'), "f")
    assert "'lab'" in (unfit(found, read_settings("", "f")) or "")
    assert unfit(found, read_settings('groups.lab = ["192.0.2.0/24"]', "f")) is None
