"""Wording: policies and marks, said as a person would."""

from typing import Final

from dnswatch.model.policies.mark import Action, Mark
from dnswatch.model.policies.policy import AppliesTo, Parameters, Policy
from dnswatch.office.text import harmless

_EVIDENCE: Final = {
    "any": "every client",
    "suspect": "every client that is suspect or worse",
    "likely": "every client that is likely infected or worse",
    "infected": "every infected client",
}
_KINDS: Final = {
    "mx": "MX questions",
    "exchange": "addresses of exchanges",
    "implicit-mx": "addresses of domains without MX",
    "guess": "guessed mail hosts",
}


def whom(policy: Policy) -> list[str]:
    """Say whom each step of a policy is for."""
    limits = _limits(policy.applies_to)
    return [f"{_EVIDENCE[evidence]}{limits}" for evidence, _, _ in policy.ladder]


def what(policy: Policy) -> list[str]:
    """Say what each step of a policy does."""
    return [_DOES[action](parameters) for _, action, parameters in policy.ladder]


def lookups(policy: Policy) -> str:
    """Say which lookups a policy is about."""
    return ", ".join(_KINDS[kind] for kind in policy.lookups)


def sentences(policy: Policy) -> list[str]:
    """Say what a policy does to whom."""
    would = "would be: " if policy.dry_run else ""
    return [f"{w}: {would}{does}" for w, does in zip(whom(policy), what(policy), strict=True)]


def marked(mark: Mark) -> str:
    """Say what a mark does, in a word or two."""
    return f"would be: {mark.action}" if mark.dry_run else mark.action.value


def _limits(applies_to: AppliesTo) -> str:
    places = [harmless(place) for place in (*applies_to.networks, *applies_to.groups)]
    roles = "" if applies_to.roles == ("client",) else f" with the role {_or(applies_to.roles)}"
    where = f" in {_or(places)}" if places else ""
    return f"{roles}{where}{f', {_or(applies_to.hours)}' if applies_to.hours else ''}"


def _or(words: "tuple[str, ...] | list[str]") -> str:
    return " or ".join(words)


def _delay(numbers: Parameters) -> str:
    first = f"answers about new mail domains wait {numbers.hold.text}; " if numbers.hold else ""
    then = "then SERVFAIL" if numbers.then == "refuse" else "then the answer"
    return (
        f"{first}{numbers.bucket} new mail domains at once and one more every"
        f" {numbers.refill.text}, beyond that {numbers.excess.text} of waiting, {then}"
        f"{'; ' + _limit(numbers) if numbers.refreshes else ''}"
    )


def _limit(numbers: Parameters) -> str:
    return f"answers that bring nothing new only every {numbers.refreshes.text}"


def _quarantine(numbers: Parameters) -> str:
    signed = "SERVFAIL" if numbers.signed == "refuse" else f"{numbers.excess.text} of waiting"
    without = "; SERVFAIL where you have no bay" if numbers.without_bay == "refuse" else ""
    return f"mail is led to the holding bay (signed data: {signed}){without}"


def _observe(_: Parameters) -> str:
    return "nothing but watching"


def _refuse(_: Parameters) -> str:
    return "SERVFAIL to mail-related lookups"


_DOES: Final = {
    Action.OBSERVE: _observe,
    Action.DELAY: _delay,
    Action.LIMIT_REFRESHES: _limit,
    Action.QUARANTINE: _quarantine,
    Action.REFUSE: _refuse,
}
