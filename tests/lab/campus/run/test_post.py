"""The post: lookups, connection, delivery."""

from collections import Counter

from msgspec.structs import replace

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.defences.acts import SeenContact
from dnswatch.lab.campus.defences.throttles import PortFilter
from dnswatch.lab.campus.run.loop import Process
from dnswatch.lab.campus.run.post import PLAIN, Edge, Letter, Way
from dnswatch.lab.campus.run.truth import MailFate
from dnswatch.lab.campus.world import FOREIGN, HTTP
from dnswatch.model.observation import Observation
from tests.lab.campus.scene import campus, plan


def sent(built: Campus, way: Way = PLAIN, domains: int = 200) -> Counter[MailFate]:
    """A client writes to many domains."""
    found = Counter[MailFate]()

    def process(domain: str) -> Process:
        letter = Letter(built.site.clients[0], domain, f"p@{domain}")
        found[(yield from built.post.send(letter, way))] += 1

    for number in range(domains):
        built.outside.mail.name(number)
        built.loop.start(built.loop.now, process(built.outside.mail.text(number)))
    built.run(built.loop.now + 60)
    return found


def test_most_mails_arrive_and_some_domains_take_none() -> None:
    """As in the world outside."""
    found = sent(campus(plan()))
    assert found.total() == 200
    assert found[MailFate.LEFT] > found[MailFate.FAILED] > 0


def test_a_filter_at_the_edge_lets_clients_mail_to_colleagues_only() -> None:
    """What stays within the site does not pass the router."""
    built = campus(plan())
    built.post.edge = Edge(PortFilter(built.site.mail_servers), is_in_hosts=False)
    assert not sent(built)[MailFate.LEFT]
    letter = Letter(built.site.clients[0], "campus.example", "colleague@campus.example")
    fates = []

    def process() -> Process:
        fates.append((yield from built.post.send(letter)))

    built.loop.start(built.loop.now, process())
    built.run(built.loop.now + 1)
    assert fates == [MailFate.INSIDE]


def test_guesses_find_hosts_without_any_mx_question() -> None:
    """Mytob's way."""
    found = sent(campus(plan()), Way(asks_mx=False, tries_domain=False, guesses=("mx", "mail")))
    assert found[MailFate.LEFT] > 0


def test_a_call_is_a_lookup_and_a_connection_to_what_it_brought() -> None:
    """To the port of the web: a filter on port 25 lets it pass."""
    built, made = campus(plan()), list[SeenContact]()
    client, name = built.site.clients[0], built.outside.callee_name(3, 60)
    built.post.edge = Edge(PortFilter(built.site.mail_servers), is_in_hosts=False)
    built.post.hear = lambda contact, _: made.append(contact)
    built.loop.start(built.loop.now, built.post.call(client, name, PLAIN))
    built.run(built.loop.now + 1)
    ((address, ttl),) = built.outside.answer(name, 1).addresses
    assert [(one.client, one.address, one.port) for one in made] == [(client, address, HTTP)]
    assert ttl == 60


def test_a_question_to_a_foreign_server_passes_by_where_nothing_redirects_it() -> None:
    """The site's server does not see it; who looks at the edge does, with the server's address."""
    chosen = plan()
    built = campus(replace(chosen, site=replace(chosen.site, redirects=False)))
    asked, passed = list[Observation](), list[Observation]()
    built.resolver.hear, built.post.hear_passing = asked.append, passed.append
    sent(built, Way(resolver="foreign"), domains=20)
    assert not [one for one in asked if one.client == built.site.clients[0]]
    assert len([one for one in passed if one.qtype == 15]) == 20
    assert {(one.server, one.recursion, one.redirected) for one in passed} == {
        (FOREIGN, False, False)
    }
