"""Policies in words."""

import pytest

from dnswatch.model.policies.reading import read
from dnswatch.office import wording
from tests.model.policies.texts import policy, shipped


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (shipped("observe"), "every client: nothing but watching"),
        (shipped("refuse-mail-lookups"), "every infected client: SERVFAIL to mail-related lookups"),
        (
            shipped("limit-refreshes"),
            "every client that is suspect or worse: answers that bring nothing new only every 10s",
        ),
        (
            policy(action="refuse", more="dry_run = true"),
            "every client that is suspect or worse: would be: SERVFAIL to mail-related lookups",
        ),
        (
            policy(
                action="refuse",
                evidence="any",
                whom='networks = ["192.0.2.0/24"]\ngroups = ["lab"]\nhours = ["18:00-07:00"]',
            ),
            "every client in 192.0.2.0/24 or lab, 18:00-07:00: SERVFAIL to mail-related lookups",
        ),
        (
            policy(action="observe", evidence="any", whom='roles = ["server"]'),
            "every client with the role server: nothing but watching",
        ),
    ],
)
def test_a_policy_in_a_sentence(text: str, said: str) -> None:
    """Whom a policy is for and what it does is said as a person would."""
    assert wording.sentences(read(text, "f")) == [said]


def test_lookups_in_words() -> None:
    """The kinds of lookups have names that need no manual."""
    found = read(policy(more='lookups = ["mx", "guess"]'), "f")
    assert wording.lookups(found) == "MX questions, guessed mail hosts"
