"""The resolver of the campus: dnswatch's own parts, in the order of a worker's."""

from math import inf

from msgspec.structs import replace

from dnswatch.codes import Rcode
from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.run.resolver import Asking
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.policies.standing import Standing
from tests.lab.campus.scene import campus, plan

A, MX = 1, 15


def marked(policy: str) -> tuple[Campus, bytes]:
    """A campus where a client counts as infected."""
    built = campus(plan(), policy)
    client = built.site.clients[0]
    built.pipeline.policing.judge(client, Standing(1.0, inf, built.loop.now), "a test")
    built.resolver.turn()
    return built, client


def test_an_answer_is_kept_for_all_clients_as_in_a_worker() -> None:
    """The first asks the outside, the second is given what is kept; the watch sees both."""
    built, seen = campus(plan()), list[Observation]()
    built.resolver.hear = seen.append
    name = built.outside.mail.name(0)
    for client in built.site.clients[:2]:
        built.resolver.ask(Asking(client, name, MX))
    assert [one.origin for one in seen] == [Origin.UPSTREAM, Origin.CACHE]
    assert seen[0].exchanges == seen[1].exchanges


def test_a_quarantined_client_is_led_to_the_bay_and_a_server_never() -> None:
    """By the very arbiter that workers have."""
    built, client = marked("quarantine")
    name = built.outside.mail.name(0)
    assert built.resolver.ask(Asking(client, name, MX)).is_bay
    server = built.site.mail_servers[0]
    built.pipeline.policing.judge(server, Standing(1.0, inf, built.loop.now), "a test")
    built.resolver.turn()
    assert not built.resolver.ask(Asking(server, name, MX)).is_bay


def test_a_refused_client_gets_servfail_and_an_ordinary_name_as_always() -> None:
    """Only mail-related lookups are touched."""
    built, client = marked("refuse-mail-lookups")
    reply = built.resolver.ask(Asking(client, built.outside.mail.name(0), MX))
    assert reply.rcode == Rcode.SERVFAIL
    assert built.resolver.ask(Asking(client, built.outside.web_name(3), A)).addresses


def test_a_delayed_answer_says_when_it_is_there() -> None:
    """Beyond the bucket the wait is four seconds, and the answer SERVFAIL."""
    built, client = marked("delay")
    replies = [
        built.resolver.ask(Asking(client, built.outside.mail.name(number), MX))
        for number in range(8)
    ]
    assert replies[0].at == built.loop.now
    assert (replies[-1].at, replies[-1].rcode) == (built.loop.now + 4.0, Rcode.SERVFAIL)


def test_each_dns_server_keeps_answers_of_its_own() -> None:
    """What one of them knows, another asks for again: to the site cache that is a refresh."""
    chosen = plan()
    built = campus(replace(chosen, site=replace(chosen.site, dns_servers=2)))
    seen = list[Observation]()
    built.resolver.hear = seen.append
    for client in built.site.clients[:4]:
        built.resolver.ask(Asking(client, built.outside.web_name(3), A))
    assert [one.origin for one in seen] == [Origin.UPSTREAM] * 2 + [Origin.CACHE] * 2


def test_more_evidence_on_a_verdict_that_stands_needs_no_turn() -> None:
    """A clean client's question brings one within a second, an infected client's does not."""
    built, infected = marked("observe")
    built.loop.run(built.loop.now + 100)  # the monitor asks for its domains first
    turns: list[float] = []
    turn = built.resolver.turn

    def counted() -> None:
        turns.append(built.loop.now)
        turn()

    built.resolver.turn = counted  # type: ignore[method-assign]
    clean, name = built.site.clients[1], built.outside.mail.name(0)
    for client, expected in ((infected, 0), (clean, 1)):
        built.resolver.ask(Asking(client, name, MX))
        built.loop.run(built.loop.now + 2)
        assert len(turns) == expected
