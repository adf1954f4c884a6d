"""Reading: the TOML text of a policy becomes a `Policy`, or one `SettingsError`.

`read` judges the file alone.  What is wrong with a policy only at a site, because of what that
site's configuration says or leaves out, is told by `unfit`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from dnswatch.errors import SettingsError
from dnswatch.model.policies.policy import ACTIONS, AppliesTo, Parameters, Policy
from dnswatch.model.policies.standing import RUNGS
from dnswatch.settings import Fault, Settings, read_as


def read(text: str, where: str) -> Policy:
    """Read a policy from TOML; `where` names the text in errors."""
    return read_as(Policy, text, where, lambda policy: _faults(policy, tomllib.loads(text)))


def read_all(texts: Iterable[tuple[str, str]]) -> tuple[dict[str, Policy], list[SettingsError]]:
    """Read the texts of files, `where` first; return the policies by name, and what is wrong.

    Of two with one name the later wins, so that a site may replace a shipped one.
    """
    policies: dict[str, Policy] = {}
    wrong = []
    for where, text in texts:
        try:
            policy = read(text, where)
        except SettingsError as error:
            wrong.append(error)
        else:
            policies[policy.name] = policy
    return policies, wrong


def unfit(policy: Policy, settings: Settings) -> str | None:
    """Say why a policy cannot be switched on at a site; None where it can."""
    for group in policy.applies_to.groups:
        if group not in settings.groups:
            known = ", ".join(settings.groups) or "none"
            return (
                f"policy '{policy.name}' is for the group '{group}', which the configuration does"
                f" not have (it has {known}): add it under [groups]"
            )
    if not settings.quarantine.i_have_authority and any(
        action == "quarantine" and parameters.without_bay == "nothing"
        for _, action, parameters in policy.ladder
    ):
        return (
            f"policy '{policy.name}' diverts mail to the holding bay, and the configuration does"
            " not say that you may: only where law and contract allow it, set i_have_authority ="
            " true and the bay's addresses under [quarantine]"
        )
    return None


def precedence(policies: Iterable[Policy]) -> list[Policy]:
    """Order policies as they come: the highest precedence first, of equals the first by name."""
    return sorted(policies, key=lambda policy: (-policy.precedence, policy.name))


def _faults(policy: Policy, said: dict[str, Any]) -> Iterator[Fault]:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", policy.name):
        yield Fault(
            ("name",), f'is "{policy.name}": expected small letters, digits and -, 40 at most'
        )
    yield from _one_or_steps(policy)
    yield from _rising(policy)
    yield from _surplus(policy, said)
    yield from _servers(policy)
    yield from _weak(policy)


def _one_or_steps(policy: Policy) -> Iterator[Fault]:
    if (policy.action != "steps") == bool(policy.steps):
        both = "stands beside steps" if policy.steps else "and steps are both missing"
        yield Fault(
            ("action",), f"{both}: expected one action with its parameters, or steps", ("steps",)
        )
    if policy.steps and policy.parameters != Parameters():
        yield Fault(("parameters",), "stands beside steps: each step has parameters of its own")
    if policy.steps and policy.applies_to.evidence != AppliesTo().evidence:
        yield Fault(
            ("applies_to", "evidence"), "stands beside steps, which say it each", ("steps",)
        )


def _rising(policy: Policy) -> Iterator[Fault]:
    rungs = list(RUNGS)
    for place in range(1, len(policy.steps)):
        earlier, later = (policy.steps[n].evidence for n in (place - 1, place))
        if rungs.index(later) <= rungs.index(earlier):
            yield Fault(
                ("steps", place, "evidence"),
                f'is "{later}" after "{earlier}": expected more evidence with each step',
            )


def _surplus(policy: Policy, said: dict[str, Any]) -> Iterator[Fault]:
    """Find parameters that their action does not heed: somebody expects what will not happen."""
    tables = said["steps"] if policy.steps else [said]
    for place, (_, action, parameters) in enumerate(policy.ladder):
        path = ("steps", place, "parameters") if policy.steps else ("parameters",)
        for name in tables[place].get("parameters", ()):
            if name not in ACTIONS[action].heeds:
                heeds = ", ".join(sorted(ACTIONS[action].heeds)) or "none"
                yield Fault((*path, name), f"is nothing to {action}: it heeds {heeds}")
        if action == "limit-refreshes" and not parameters.refreshes:
            yield Fault((*path, "refreshes"), 'is 0, which limits nothing: expected "10s" or so')


def _servers(policy: Policy) -> Iterator[Fault]:
    for place, role in enumerate(policy.applies_to.roles):
        if role != "client" and any(action != "observe" for _, action, _ in policy.ladder):
            yield Fault(
                ("applies_to", "roles", place),
                f'is "{role}": a declared server is only ever observed, since a delay would starve'
                " it and a rewriting would lose its mail",
            )


def _weak(policy: Policy) -> Iterator[Fault]:
    """Find mail diverted on weak evidence: a guessed name is often a person's webmail."""
    for evidence, action, _ in policy.ladder:
        if action == "quarantine" and evidence != "infected" and "guess" in policy.lookups:
            yield Fault(
                ("lookups",),
                'has "guess", and quarantine begins before the evidence is "infected": a guessed'
                " name alone is too little to divert a connection",
                ("applies_to", "evidence"),
            )
