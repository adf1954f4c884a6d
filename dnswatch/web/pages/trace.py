"""Trace: what a client would get for a name now, and why; nobody is asked, nothing is changed."""

from dataclasses import replace
from typing import Final

import msgspec

from dnswatch import clock
from dnswatch.codes import Type
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.role import Role
from dnswatch.names.hostname import pack
from dnswatch.office import wording
from dnswatch.office.text import moment
from dnswatch.store.clients import RecordedLookup, last_of_name
from dnswatch.store.trials import marks_now, would
from dnswatch.web.console import Glance
from dnswatch.web.pages.request import ConsoleRequest
from dnswatch.wire.name import from_text

TYPES: Final = {"MX": Type.MX, "A": Type.A, "AAAA": Type.AAAA}


class TraceStep(msgspec.Struct):
    """One reason on the way to the answer."""

    what: str
    said: str


class Tracing(msgspec.Struct):
    """The whole way."""

    client: str
    name: str
    type: str
    outcome: str
    "Empty where nothing was asked."
    steps: list[TraceStep]
    fault: str
    types: list[str]


def read(request: ConsoleRequest) -> Tracing:
    """Trace a name as a client."""
    client, name = request.text("client", longest=200), request.text("name", longest=300)
    kind = request.text("type", "MX").upper()
    found = Tracing(client, name, kind, "", [], "", list(TYPES))
    if not (client and name):
        return found
    try:
        name = name.lower().removesuffix(".")
        from_text(name)
    except ValueError as error:
        found.fault = f"'{name}' is no name: {error}"
        return found
    if kind not in TYPES:
        found.fault = f"'{kind}' is no type that policies know: expected one of {', '.join(TYPES)}"
        return found
    with request.console.glance() as glance:
        _trace(glance, found, name)
    return found


def _trace(glance: Glance, found: Tracing, name: str) -> None:
    """Go the way of a lookup, and note each step."""
    key, address = glance.whom.key(found.client), pack(found.client)
    if key is None or address is None:
        found.fault = f"'{found.client}' is no address: a trace needs the one that would ask"
        return
    steps, role = found.steps, glance.whom.role_of(key)
    steps.append(TraceStep("role", role.value))
    if role is not Role.CLIENT or Exempt(glance.settings).client(address):
        found.outcome = "the answer as it comes"
        steps.append(TraceStep("policies", "a declared server is only ever observed"))
        return
    lookup = _lookup(glance, found, name, key)
    if lookup is None:
        found.outcome = "the answer as it comes"
        text = "not mail-related: nobody's MX named it, and policies touch no other lookup"
        steps.append(TraceStep("kind of lookup", text))
        return
    steps.append(TraceStep("kind of lookup", f"mail-related ({lookup.kind})"))
    steps.append(TraceStep("verdict", glance.judged.of([key], role)))
    now = clock.now()
    marks = [
        mark
        for mark in marks_now(
            glance.db,
            glance.policies.values(),
            glance.settings,
            now,
            clock.offset(now),
            {key: address},
        )
        if mark.client == address
    ]
    if not marks:
        found.outcome = "the answer as it comes"
        steps.append(TraceStep("policies", "none that is switched on fits this client"))
        return
    found.outcome = "the answer as it comes"
    for mark in marks:
        done = would(mark, lookup, glance.settings)
        steps.append(TraceStep(f"policy {mark.policy}", f"{wording.marked(mark)}: {done}"))
        if not mark.dry_run and done != "passed":
            found.outcome = done


def _lookup(glance: Glance, found: Tracing, name: str, key: str) -> RecordedLookup | None:
    """Return the lookup as it would be; None where it is not mail-related."""
    qtype, now = TYPES[found.type], clock.now()
    known = last_of_name(glance.db, name, qtype)
    if known is not None:
        said = f"somebody asked for it, last at {moment(known.at)}"
        found.steps.append(TraceStep("what is known of the name", said))
        return replace(known, at=now, key=key, policy=None, decided=None)
    found.steps.append(TraceStep("what is known of the name", "nobody has asked for it yet"))
    if qtype != Type.MX:
        return None
    return RecordedLookup(
        now,
        key,
        LookupKind.MX.value,
        name,
        name,
        qtype,
        0,
        0,
        1,
        0,
        0,
        False,
        None,
        None,
        False,
        (),
        (f"mx.{name}",),
    )
