"""The core leaves no cycles behind: a worker's collector, which holds up all, has no work."""

import gc

from dnswatch.codes import Rcode
from dnswatch.settings import read
from tests.resolver.driven import Driven
from tests.resolver.scripted import message, query_body

LOOKUPS = 50
"Of each kind."
CLIENT = bytes((192, 0, 2, 7))
SETTINGS = """
[upstream]
servers = ["udp://192.0.2.1", "udp://192.0.2.2"]
"""


def test_lookups_leave_no_cycles() -> None:
    """Answered, joined, refused, broken, silent, stale, local and malformed ones alike."""
    driven = Driven(read(SETTINGS, "test"), "192.0.2.9 host.example")
    lookups_of_every_kind(driven, "warm")
    gc.collect()
    gc.disable()
    try:
        for number in range(LOOKUPS):
            lookups_of_every_kind(driven, str(number))
        assert gc.collect() == 0
    finally:
        gc.enable()


def lookups_of_every_kind(driven: Driven, label: str) -> None:
    """Let a client ask, and upstreams do all that they do."""

    def ask(name: str, qtype: str = "A") -> None:
        driven.query(b"ab" + query_body(f"{name}{label}.example", qtype), CLIENT)

    ask("www")
    ask("www")  # joins the one in flight
    driven.heard(-1, message(driven.asked[-1].query, ttl=1))
    ask("www")  # is cached
    ask("mail", "MX")
    driven.heard(-1, message(driven.asked[-1].query, Rcode.NXDOMAIN))
    for rcode in (Rcode.SERVFAIL, Rcode.REFUSED, Rcode.FORMERR, Rcode.NOTIMP):
        ask(f"rcode{rcode.value}")
        for _ in range(2):
            driven.heard(-1, message(driven.asked[-1].query, rcode))
    ask("broken")
    driven.heard(-1, message(driven.asked[-1].query)[:-3])
    driven.failed(-1)
    driven.let(2.0)
    ask("www")  # is stale, and asked for anew
    driven.failed(-1)
    driven.query(b"ab" + query_body("host.example"), CLIENT)
    driven.query(b"ab" + query_body(f"{label}.invalid"), CLIENT)
    driven.query(b"ab\1\0\0\1", CLIENT)
    ask("silent")
    driven.let(30.0)
    driven.asked.clear()
    driven.got.clear()
