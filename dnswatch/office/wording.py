"""Wording: policies and marks, said as a person would."""

from collections.abc import Iterable, Mapping
from typing import Final

from dnswatch.model.policies.mark import Mark
from dnswatch.model.policies.marking import tried_out
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.policy import ACTIONS, AppliesTo, Policy
from dnswatch.office.text import harmless

_EVIDENCE: Final = {
    "any": "every client",
    "suspect": "every client that is suspect or worse",
    "likely": "every client that is likely infected or worse",
    "infected": "every infected client",
}
_LABELS: Final = {
    "lookup": "lookups",
    "mail": "mail-related lookups",
    "mail:mx": "  MX",
    "mail:exchange": "  exchange address",
    "mail:implicit-mx": "  implicit MX",
    "mail:guess": "  guessed name",
    "mail-domains": "  distinct mail domains",
    "exchanges": "  distinct exchanges",
    "smtp": "  SMTP connections",
    "submission": "  submissions of mail",
    "new": "addresses: new",
    "refresh": "  refresh",
    "hit": "  hit",
    "cached": "answered from the cache",
    "stale": "answered stale",
    "failed": "no upstream answered",
    "redirected": "redirected to us",
    "challenged": "told to prove its address by TCP",
    "limited": "too fast, not answered",
    "failures": "failures",
}
_KINDS: Final = {
    "mx": "MX questions",
    "exchange": "addresses of exchanges",
    "implicit-mx": "addresses of domains without MX",
    "guess": "guessed mail hosts",
}


def measured(measure: str) -> str:
    """Say what a measure counts; what belongs to the one above begins with spaces."""
    kind, _, name = measure.partition(":")
    return f"  {name}" if kind in ("type", "rcode") else _LABELS[measure]


def whom(policy: Policy) -> list[str]:
    """Say whom each step of a policy is for."""
    limits = _limits(policy.applies_to)
    return [f"{_EVIDENCE[evidence]}{limits}" for evidence, _, _ in policy.ladder]


def what(policy: Policy) -> list[str]:
    """Say what each step of a policy does."""
    return [ACTIONS[action].said(parameters) for _, action, parameters in policy.ladder]


def lookups(policy: Policy) -> str:
    """Say which lookups a policy is about."""
    return ", ".join(_KINDS[kind] for kind in policy.lookups)


def sentences(policy: Policy) -> list[str]:
    """Say what a policy does to whom."""
    would = "would be: " if policy.dry_run else ""
    return [f"{w}: {would}{does}" for w, does in zip(whom(policy), what(policy), strict=True)]


def mode(policy: Policy, orders: Orders) -> str:
    """Say how a policy is switched: `on`, `off`, `dry run`."""
    if policy.name not in orders.enabled:
        return "off"
    return "dry run" if tried_out(policy, orders).dry_run else "on"


def switched_on(policies: Iterable[Policy], orders: Orders) -> dict[str, str]:
    """Name the policies that are switched on, each with its mode: `on` or `dry run`."""
    modes = ((policy.name, mode(policy, orders)) for policy in policies)
    return {name: how for name, how in modes if how != "off"}


def listed(modes: Mapping[str, str]) -> str:
    """List policies that are switched on; a dry run is called so."""
    words = (name if how == "on" else f"{name} ({how})" for name, how in modes.items())
    return ", ".join(harmless(word) for word in words) or "none"


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
