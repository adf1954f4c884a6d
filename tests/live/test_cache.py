"""What the answer cache gives, to whom, and for how long."""

import dns.edns
import dns.message
import dns.rcode

from tests import check
from tests.behaviour import NEGATIVE_TTL, answer, plain, rcode, silent
from tests.live.site import HASTY, Serve, Site


def marked(site: Site, name: str, error: int) -> dns.message.Message | None:
    """Ask, and give the response if it carries an extended error."""
    response = site.ask(name, use_edns=0)
    return response if error in check.errors(response) else None


def times_asked(site: Site, name: str) -> int:
    """Count the upstream's questions for a name."""
    return site.upstream.names().count(name + ".")


def test_an_answer_is_asked_for_once(site: Site) -> None:
    """A second client is answered from the cache, in whatever case it asks."""
    first, second = site.ask("once.example"), site.ask("ONCE.Example", source="127.0.0.9")
    assert check.data(first) == check.data(second)
    assert times_asked(site, "once.example") == 1


def test_lives_grow_shorter(site: Site) -> None:
    """The TTL that a client gets is what is left of it, and never longer than upstream's."""
    assert check.ttl(site.ask("aged.example")) == 300
    check.eventually(lambda: check.ttl(site.ask("aged.example")) < 300)
    assert times_asked(site, "aged.example") == 1


def test_an_answer_that_ended_is_asked_for_again(serve: Serve) -> None:
    """When a life has ended, the next question goes upstream, and not before."""
    site = serve(answer("A 192.0.2.1", ttl=2))
    site.ask("short.example")
    site.upstream.behaviour = answer("A 192.0.2.2", ttl=2)
    assert check.data(site.ask("short.example")) == ["192.0.2.1"]
    check.eventually(lambda: check.data(site.ask("short.example")) == ["192.0.2.2"])


def test_a_ttl_of_0_is_not_kept(serve: Serve) -> None:
    """An answer with TTL 0 serves the question it answers and no other (RFC 1035 3.2.1)."""
    site = serve(answer("A 192.0.2.1", ttl=0))
    assert [check.ttl(site.ask("zero.example")) for _ in range(3)] == [0, 0, 0]
    assert times_asked(site, "zero.example") == 3


def test_extra_records_live_their_own_lives(serve: Serve) -> None:
    """An additional record that has ended is given no longer; the answer beside it still is."""
    short = "other.example. 1 A 192.0.2.9"
    site = serve(answer("A 192.0.2.1", ttl=300, additional=(short,)))
    assert site.ask("mixed.example").additional
    check.eventually(lambda: not site.ask("mixed.example").additional)
    assert check.data(site.ask("mixed.example")) == ["192.0.2.1"]
    assert times_asked(site, "mixed.example") == 1


def test_a_huge_ttl_is_not_believed(serve: Serve) -> None:
    """No TTL above `cache.max_ttl` is believed, and one with its top bit set is 0 (RFC 2181)."""
    limits = {"cache.max_ttl": "1h", "cache.max_negative_ttl": "1h"}
    site = serve(answer("A 192.0.2.1", ttl=999_999), settings=limits)
    assert check.ttl(site.ask("cap.example")) <= 999_999
    assert check.ttl(site.ask("cap.example")) <= 3600


def test_negative_answers_live_by_their_soa(serve: Serve) -> None:
    """NXDOMAIN is kept for the lesser of the SOA's TTL and its minimum (RFC 2308 section 5)."""
    site = serve(rcode("NXDOMAIN"))
    for _ in range(2):
        response = site.ask("none.example")
        check.rcode(response, "NXDOMAIN")
        assert response.authority[0].ttl <= NEGATIVE_TTL
    assert times_asked(site, "none.example") == 1


def test_negative_answers_without_soa_are_not_kept(serve: Serve) -> None:
    """An empty answer without SOA is not kept (RFC 2308 section 5)."""
    site = serve(answer())
    assert [check.data(site.ask("empty.example")) for _ in range(2)] == [[], []]
    assert times_asked(site, "empty.example") == 2


def test_validators_and_others_share_nothing(site: Site) -> None:
    """DO and not, CD and not are four questions to the cache, and each is kept for itself."""
    for _ in range(2):
        for do in (False, True):
            for cd in (False, True):
                site.ask("apart.example", want_dnssec=do, cd=cd)
    assert times_asked(site, "apart.example") == 4


def test_subnets_share_nothing(site: Site) -> None:
    """An answer to a question with a client subnet (ECS, RFC 7871) is for that subnet alone."""
    for subnet in ("192.0.2.0", "198.51.100.0", "192.0.2.0"):
        site.ask("subnet.example", options=[dns.edns.ECSOption(subnet, 24)])
    site.ask("subnet.example")
    networks = {str(asked.message.options) for asked in site.upstream.asked[-3:]}
    assert len(networks) == 3


def test_types_and_classes_share_nothing(site: Site) -> None:
    """Each type of a name is a question of its own."""
    assert check.data(site.ask("types.example", "A"), "AAAA") == []
    assert check.data(site.ask("types.example", "AAAA"), "AAAA") != []


def test_servfail_is_not_an_answer_to_keep(serve: Serve) -> None:
    """After SERVFAIL the upstream is asked again, and heard when it is well."""
    site = serve(rcode("SERVFAIL"))
    check.servfail(site.ask("ill.example"))
    site.upstream.behaviour = plain
    check.eventually(lambda: site.ask("ill.example").rcode() == dns.rcode.NOERROR)


def test_stale_answers_bridge_a_gap(serve: Serve) -> None:
    """While upstreams are silent an ended answer is given, for 30 s at most and marked as stale
    (RFC 8767, EDE 3); within seconds of their being back, a fresh one."""
    site = serve(answer("A 192.0.2.1", ttl=1), settings=HASTY)
    site.ask("stale.example")
    site.upstream.behaviour = silent
    stale = check.eventually(lambda: marked(site, "stale.example", 3))
    assert (check.data(stale), check.ttl(stale) <= 30) == (["192.0.2.1"], True)
    site.upstream.behaviour = answer("A 192.0.2.2")
    check.eventually(lambda: check.data(site.ask("stale.example")) == ["192.0.2.2"])


def test_stale_denials_bridge_a_gap(serve: Serve) -> None:
    """An ended NXDOMAIN is given while upstreams fail, marked as what it is (EDE 19)."""
    site = serve(rcode("NXDOMAIN", ttl=1), settings=HASTY)
    check.rcode(site.ask("no.example"), "NXDOMAIN")
    site.upstream.behaviour = silent
    check.rcode(check.eventually(lambda: marked(site, "no.example", 19)), "NXDOMAIN")


def test_stale_answers_can_be_forbidden(serve: Serve) -> None:
    """With `cache.stale` at 0 an ended answer is never given."""
    site = serve(answer("A 192.0.2.1", ttl=1), settings={**HASTY, "cache.stale": "0"})
    site.ask("stale.example")
    site.upstream.behaviour = silent
    check.eventually(lambda: site.ask("stale.example").rcode() == dns.rcode.SERVFAIL)


def test_the_cache_stays_within_its_size(serve: Serve) -> None:
    """A full cache lets old answers go, counts them, and goes on to answer."""
    site = serve(answer(*(f'TXT "{filling * 200}"' for filling in "abcde")))
    site.reload({"cache.size": "1MB"})
    site.ask_all(
        [site.query(f"n{number}.example", "TXT", payload=1232, id=number) for number in range(1500)]
    )
    check.noerror(site.ask("n0.example", "TXT", payload=1232))
    assert times_asked(site, "n0.example") == 2
    check.eventually(lambda: site.counter("cache_evicted") > 0)
