"""Policies: on, off or in a dry run; and whom each would hit now, before anybody switches it on."""

import msgspec

from dnswatch import clock
from dnswatch.errors import ConsoleError, SettingsError
from dnswatch.model.policies.marking import tried_out
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.reading import read as read_policy
from dnswatch.model.policies.reading import unfit
from dnswatch.office import orders, wording
from dnswatch.store import orders as stored
from dnswatch.store.trials import marks_now, shown
from dnswatch.web.console import Glance
from dnswatch.web.pages.request import ConsoleRequest, Done

MOST_TEXT = 50_000
"""Characters of a policy that is checked."""


class Card(msgspec.Struct):
    """One policy."""

    name: str
    summary: str
    mode: str
    "`on`, `off` or `dry run`."
    precedence: int
    sentences: list[str]
    lookups: str
    false_alarms: str
    done: dict[str, int]
    "What it did in 24 hours."
    hits: list[str]
    "Clients that it acts on now, or would if it were switched on."
    unfit: str
    "Why it cannot be switched on at this site."
    is_dry_always: bool
    "Its own file says so."


class Shelf(msgspec.Struct):
    """All policies."""

    cards: list[Card]
    act: bool
    "`policies.act` of the configuration."
    wrong: list[str]
    "What is wrong with policies that were left out."
    has_pseudonyms: bool
    text: str = ""
    "A policy of one's own that is checked."
    verdict: list[str] = []
    "What it does, where it is right."
    fault: str = ""


def read(request: ConsoleRequest) -> Shelf:
    """Read all policies."""
    console = request.console
    with console.glance() as glance:
        said = stored.read(glance.db, clock.now())
        done = stored.done(glance.db, glance.now - 86400)
        cards = [
            _card(glance, policy, said, done.get(policy.name, {}))
            for policy in console.policies.values()
        ]
    settings = console.settings
    wrong = [str(error) for error in console.wrong]
    return Shelf(cards, settings.policies.act, wrong, settings.privacy.pseudonyms)


def check(request: ConsoleRequest) -> Shelf:
    """Check a policy of one's own, and say what it does; nothing is changed."""
    shelf = read(request)
    shelf.text = request.text("text", longest=MOST_TEXT)
    try:
        policy = read_policy(shelf.text, "your policy")
    except SettingsError as error:
        shelf.fault = str(error)
        return shelf
    shelf.fault = unfit(policy, request.console.settings) or ""
    shelf.verdict = [policy.summary, *wording.sentences(policy)]
    return shelf


def switch(request: ConsoleRequest) -> Done:
    """Switch a policy on or off, or on as a dry run."""
    name, console = request.path["name"], request.console
    match request.path["turn"]:
        case "enable":
            policy = console.policy(name)
            orders.enable(console.state, console.settings, policy, request.visitor.name)
            return Done(f"ordered: {name} is on, in force within a second", "/policies")
        case "try":
            policy = console.policy(name)
            orders.enable(
                console.state, console.settings, policy, request.visitor.name, dry_run=True
            )
            return Done(f"ordered: {name} is on as a dry run, within a second", "/policies")
        case "disable":
            was_on = orders.disable(console.state, console.settings, name, request.visitor.name)
            said = "is off, within a second" if was_on else "was off already"
            return Done(f"ordered: {name} {said}", "/policies")
    raise ConsoleError("a policy is switched by enable, try or disable", 404)


def _card(glance: Glance, policy: Policy, said: Orders, done: dict[str, int]) -> Card:
    now = clock.now()
    why_not = unfit(policy, glance.settings) or ""
    marks = marks_now(
        glance.db,
        glance.policies.values(),
        glance.settings,
        now,
        clock.offset(now),
        also=(policy.name,),
    )
    hits = [shown(mark.client) for mark in marks if mark.policy == policy.name]
    return Card(
        policy.name,
        policy.summary,
        wording.mode(policy, said),
        policy.precedence,
        wording.sentences(tried_out(policy, said)),
        wording.lookups(policy),
        " ".join(policy.false_alarms.split()),
        done,
        list(dict.fromkeys(hits)),
        why_not,
        policy.dry_run,
    )
