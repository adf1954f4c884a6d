"""Trace: what a client would get for a name now, and why."""

from typing import Final

import msgspec

from dnswatch import clock
from dnswatch.office.trace import Tracer, TraceStep
from dnswatch.web.pages.request import ConsoleRequest

TYPES: Final = ("MX", "A", "AAAA", "HTTPS", "PTR", "TXT", "ANY")
"""What a person is offered; the address of the page takes any type."""


class Tracing(msgspec.Struct):
    """The whole way."""

    client: str
    name: str
    type: str
    outcome: str
    "Empty where nothing was asked."
    records: list[str]
    "Of an answer that dnswatch itself makes."
    steps: list[TraceStep]
    fault: str
    types: list[str]


def read(request: ConsoleRequest) -> Tracing:
    """Trace a name as a client."""
    client, name = request.text("client", longest=200), request.text("name", longest=300)
    kind = request.text("type", "MX", longest=20).upper()
    types = [*TYPES] if kind in TYPES else [kind, *TYPES]
    found = Tracing(client, name, kind, "", [], [], "", types)
    if not (client and name):
        return found
    with request.console.glance() as glance:
        key = glance.whom.key(client)
        verdict = glance.judged.of([key], glance.whom.role_of(key)) if key else "nobody on record"
        tracer = Tracer(glance.db, glance.settings, glance.policies, glance.whom, clock.now())
        try:
            traced = tracer.trace(client, name, kind, verdict)
        except ValueError as error:
            found.fault = str(error)
        else:
            found.outcome, found.records, found.steps = traced.outcome, traced.records, traced.steps
    return found
