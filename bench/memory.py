"""Memory: what clients and cached answers cost, in all processes together.

Every stage adds one thing and reads the memory once the server has caught up; growth is the
difference to the stage before.  At the end the upstream falls silent and a sample is asked for
again: only what is answered then was really held.
"""

from dataclasses import dataclass
from typing import Final

from bench import crowd
from bench.crowd import TYPE_MX, Question
from bench.errors import BenchError
from bench.meter import settle
from bench.plan import Plan, say
from bench.rig import Rig, Standing
from bench.servers import SERVERS
from bench.table import Table

_ASKERS: Final = 1000
"Clients that the questions for the cached answers are spread over."
_DOMAINS: Final = 1000
"Mail domains that the clients look up."
_SAMPLE: Final = 1000
"Cached answers that are asked for again."
_ANSWERED: Final = 0.999
"Part of the questions that must be answered, or the memory read is not that of the stage."
_QUIET: Final = 2.0
"""Seconds in which a server must do next to nothing before its memory is read: dnswatch's watch
hands over once a second, and gives back what that took."""
_PATIENCE: Final = 0.2
"Seconds that a cached answer may take."
_MIB: Final = 1 << 20

_HEAD: Final = (
    "server",
    "at start MiB",
    "with clients MiB",
    "bytes per client",
    "after mail lookups MiB",
    "more bytes per client",
    "with answers MiB",
    "bytes per answer",
    "held",
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of memory after each stage."""

    start: int
    clients: int
    mail: int
    answers: int
    held: float
    "Part of the sample that was answered without the upstream."


def measure_memory(rig: Rig, plan: Plan) -> list[Table]:
    """Fill each server once; memory hardly differs between rounds."""
    found = {}
    for server in SERVERS:
        say(f"Memory of {server}: {plan.clients:,} clients, {plan.answers:,} answers")
        with rig.start(server) as standing:
            found[server] = _fill(standing, plan)
    return [table(found, plan)]


def _fill(standing: Standing, plan: Plan) -> Memory:
    start = _settled(standing)
    clients = _ask(standing, [Question(n, "hot.example.com") for n in range(plan.clients)])
    mail = _ask(standing, [_mail_question(n) for n in range(plan.clients)])
    answers = _ask(standing, _questions(plan.answers))
    standing.upstream.pause()
    sample = _questions(plan.answers, max(1, plan.answers // _SAMPLE))
    held = crowd.ask(standing.port, sample, _PATIENCE, tries=1)
    return Memory(start, clients, mail, answers, held / len(sample))


def _questions(answers: int, step: int = 1) -> list[Question]:
    return [Question(n % _ASKERS, f"c{n:07}.example.com") for n in range(0, answers, step)]


def _mail_question(client: int) -> Question:
    return Question(client, f"d{client % _DOMAINS}.example.com", TYPE_MX)


def _ask(standing: Standing, questions: list[Question]) -> int:
    answered = crowd.ask(standing.port, questions)
    if answered < _ANSWERED * len(questions):
        raise BenchError(f"only {answered:,} of {len(questions):,} questions were answered")
    return _settled(standing)


def _settled(standing: Standing) -> int:
    settle(standing.server, _QUIET)
    return standing.server.memory()


def table(found: dict[str, Memory], plan: Plan) -> Table:
    """Set the stages of each server side by side."""
    rows = [
        (
            server,
            f"{memory.start / _MIB:,.0f}",
            f"{memory.clients / _MIB:,.0f}",
            f"{(memory.clients - memory.start) / plan.clients:,.0f}",
            f"{memory.mail / _MIB:,.0f}",
            f"{(memory.mail - memory.clients) / plan.clients:,.0f}",
            f"{memory.answers / _MIB:,.0f}",
            f"{(memory.answers - memory.mail) / plan.answers:,.0f}",
            f"{memory.held:.0%}",
        )
        for server, memory in found.items()
    ]
    return Table(f"Memory: {plan.clients:,} clients, {plan.answers:,} answers", _HEAD, tuple(rows))
