"""Nobody is condemned for what others send in his name: an address proves itself.

Loopback is taken for a network whose sources anybody can forge.
"""

from collections.abc import Callable
from typing import Final

import dns.edns
import dns.message
import dns.query
import pytest

from tests import check
from tests.live.site import Serve, Site

FRAMED: Final = "127.0.0.66"
MOMENT: Final = slice(12, 16)
"Where a server's cookie holds the time at which it was made (RFC 9018 section 4.3)."
FORGEABLE: Final = {"access.unforgeable": [], "detection.learning": "0s"}


def over_udp(site: Site, name: str) -> dns.message.Message:
    """Ask for mail servers, as anybody can in another's name."""
    return site.ask(name, "MX", source=FRAMED)


def over_tcp(site: Site, name: str) -> dns.message.Message:
    """Ask for mail servers from an address that a handshake proved."""
    query = site.query(name, "MX")
    return dns.query.tcp(query, site.listen, port=site.port, source=FRAMED, timeout=check.PATIENCE)


def cookie_of(response: dns.message.Message) -> bytes:
    """The cookie that came with an answer."""
    (option,) = [one for one in response.options if one.otype == dns.edns.OptionType.COOKIE]
    return option.to_wire() or b""


def with_cookie(site: Site, name: str) -> dns.message.Message:
    """Ask for mail servers with a cookie that dnswatch gave this address."""
    first = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"a client")
    cookie = cookie_of(site.ask("www.example", source=FRAMED, use_edns=0, options=[first]))
    again = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
    return site.ask(name, "MX", source=FRAMED, use_edns=0, options=[again])


def watched(serve: Serve) -> Site:
    """Serve a site that refuses the mail-related lookups of whoever is infected."""
    site = serve(settings=FORGEABLE)
    site.printed("policy", "enable", "refuse-mail-lookups", "--config", str(site.config))
    return site


def is_challenged(site: Site) -> bool:
    """Whether a mail-related question over UDP is told to come by TCP."""
    return check.is_truncated(over_udp(site, "any.example"))


def test_forged_questions_make_nobody_infected(serve: Serve) -> None:
    """Sixty questions and more in its name make a machine suspect, and it loses nothing by that."""
    site = watched(serve)
    for number in range(60):
        over_udp(site, f"victim{number}.example")
    check.eventually(lambda: is_challenged(site))
    for number in range(60, 120):
        assert check.is_truncated(over_udp(site, f"victim{number}.example"))
    check.noerror(over_tcp(site, "friend.example"))
    check.noerror(site.ask("www.example", source=FRAMED))
    check.eventually(lambda: site.measures(FRAMED).get("challenged", 0) > 60)
    check.eventually(lambda: site.counter("proof_asked") > 60)
    check.eventually(lambda: "suspect" in site.printed("log", "--client", FRAMED))
    assert "infected" not in site.printed("log", "--client", FRAMED)
    check.noerror(over_tcp(site, "family.example"))


@pytest.mark.parametrize("ask", [over_tcp, with_cookie])
def test_a_worm_that_proves_its_address_is_infected(
    serve: Serve, ask: Callable[[Site, str], dns.message.Message]
) -> None:
    """What came over TCP or with a cookie came from where it says."""
    site = watched(serve)
    for number in range(60):
        ask(site, f"victim{number}.example")
    check.eventually(lambda: "infected" in site.printed("log", "--client", FRAMED))


def test_a_suspects_web_is_answered_over_udp(serve: Serve) -> None:
    """Only what may be mail-related has to be proven; a stub without TCP asks twice for that."""
    site = watched(serve)
    for number in range(60):
        over_udp(site, f"victim{number}.example")
    check.eventually(lambda: is_challenged(site))
    assert not check.is_truncated(site.ask("www.example", source=FRAMED))
    asked = [site.ask("mx.victim1.example", source=FRAMED) for _ in range(2)]
    assert [check.is_truncated(answer) for answer in asked] == [True, False]


def test_a_proof_outlives_a_worker(serve: Serve) -> None:
    """All workers know each other's cookies, whichever gave them."""
    site = serve(settings=FORGEABLE, workers=2)
    first = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"a client")
    cookie = cookie_of(site.ask("www.example", source=FRAMED, use_edns=0, options=[first]))
    mine = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
    for number in range(12):
        answer = site.ask(f"w{number}.example", source=FRAMED, use_edns=0, options=[mine])
        assert cookie_of(answer) == cookie


def test_a_cookie_is_given_to_its_client_alone(serve: Serve) -> None:
    """An answer at hand is not given on to another address with the first one's cookie in it."""
    site = serve()
    option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"a client")
    wire = site.query("www.example", use_edns=0, options=[option])
    first = again = b""
    while not first or first[MOMENT] != again[MOMENT]:  # a cookie holds the second it is made in
        answers = [
            dns.query.udp(wire, site.listen, port=site.port, source=source, timeout=check.PATIENCE)
            for source in (FRAMED, "127.0.0.67", FRAMED)
        ]
        first, other, again = map(cookie_of, answers)
    assert first[:8] == other[:8] == b"a client"
    assert first == again != other


def test_all_records_are_given_to_those_who_prove_their_address(serve: Serve) -> None:
    """ANY over UDP brings one small record (RFC 8482), whatever stands under the name."""
    site = serve()
    answer = site.ask("www.example", "ANY")
    assert check.data(answer, "HINFO") == ['"RFC8482" ""']
    assert len(answer.to_wire()) <= len(site.query("www.example", "ANY").to_wire()) + 21
    assert "ANY" not in [asked.qtype for asked in site.upstream.asked]
    check.noerror(site.ask_tcp("www.example", "ANY"))
    assert "ANY" in [asked.qtype for asked in site.upstream.asked]
