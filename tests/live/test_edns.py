"""EDNS towards upstreams: kept whatever one client asks, left where the upstream knows none."""

from collections.abc import Callable
from pathlib import Path

import dns.edns
import dns.flags
import dns.rcode
import pytest

from tests import check
from tests.behaviour import Asked, Behaviour, Send, Step, plain, response_to, truncated
from tests.live.certificates import Certificates
from tests.live.site import HASTY, Serve, Site
from tests.upstream import Upstream

TRANSPORTS = ["udp", "tcp", "tls", "https"]

Upstreams = Callable[[str, Behaviour], Site]


@pytest.fixture
def behind(serve: Serve, tmp_path: Path) -> Upstreams:
    """Start a site behind one upstream of a transport."""
    own = Certificates(tmp_path)

    def start(scheme: str, behaviour: Behaviour) -> Site:
        if scheme in ("tls", "https"):
            return serve(own.upstream(scheme, behaviour), settings={"upstream.ca_file": own.file})
        return serve(Upstream(behaviour, scheme=scheme))

    return start


def error(name: str, *, header_only: bool = False) -> Behaviour:
    """Answer an error without OPT, and without the question where only the header is left."""

    def behave(asked: Asked) -> list[Step]:
        response = response_to(asked, edns=False)
        response.set_rcode(dns.rcode.from_text(name))
        if header_only:
            response.question = []
        return [Send(response.to_wire())]

    return behave


def refusing(what: Callable[[Asked], bool], how: Behaviour, otherwise: Behaviour) -> Behaviour:
    """Answer some questions in another way."""
    return lambda asked: (how if what(asked) else otherwise)(asked)


def has_edns(asked: Asked) -> bool:
    """Tell whether a question came with an OPT record."""
    return asked.message.edns >= 0


def has_ecs(asked: Asked) -> bool:
    """Tell whether a question came with a client subnet (RFC 7871)."""
    return any(isinstance(option, dns.edns.ECSOption) for option in asked.message.options)


def lost_edns(site: Site) -> bool:
    """Read from `status` whether the upstream is asked without EDNS."""
    told = site.told("status")  # nothing before there are records
    return told is not None and any(not each["edns"] for each in told["upstreams"])


def with_subnet(site: Site, name: str) -> int:
    """Ask with a client subnet that BIND calls an error; return the response code."""
    subnet = dns.edns.ECSOption("192.0.2.0", 24, 24)
    return site.ask(name, use_edns=0, options=[subnet]).rcode()


@pytest.mark.parametrize("scheme", TRANSPORTS)
def test_no_option_of_a_client_costs_the_site_its_edns(behind: Upstreams, scheme: str) -> None:
    """What FORMERR was said to with a client's option is asked with a bare OPT, and nothing is
    learned from it: all others are asked with EDNS and DO as ever."""
    site = behind(scheme, refusing(has_ecs, error("FORMERR"), plain))
    for number in range(4):
        assert with_subnet(site, f"n{number}.example") == dns.rcode.NOERROR
    check.noerror(site.ask("signed.example", want_dnssec=True))
    asked = site.upstream.asked
    assert all(has_edns(each) for each in asked)
    forms = check.once((each.qname, has_ecs(each)) for each in asked)
    assert [with_ecs for _, with_ecs in forms] == [True, False] * 4 + [False]
    assert asked[-1].message.ednsflags & dns.flags.DO


def test_no_name_of_a_client_costs_the_site_its_edns(behind: Upstreams) -> None:
    """A name whose server knows no EDNS is answered without; our own probe then clears the
    upstream, and other names are asked with EDNS."""
    site = behind(
        "udp",
        refusing(
            lambda asked: asked.qname.startswith("odd") and has_edns(asked), error("NOTIMP"), plain
        ),
    )
    for number in range(4):
        check.noerror(site.ask(f"odd{number}.example"))
    probes = site.upstream.probes
    check.noerror(site.ask("odd.example"))
    check.noerror(site.ask("even.example"))
    assert has_edns(site.upstream.asked[-1])
    assert site.upstream.probes - probes <= 1, "a client causes a probe a minute, not one a query"


@pytest.mark.parametrize("header_only", [False, True], ids=["whole", "header"])
@pytest.mark.parametrize("rcode", ["FORMERR", "NOTIMP"])
@pytest.mark.parametrize("scheme", TRANSPORTS)
def test_an_upstream_without_edns_is_asked_without(
    behind: Upstreams, scheme: str, rcode: str, header_only: bool
) -> None:
    """Over every transport its error leads to the same question without EDNS; a probe confirms it,
    `status` says so, and only questions with DO are tried with EDNS from then on."""
    site = behind(scheme, refusing(has_edns, error(rcode, header_only=header_only), plain))
    assert check.data(site.ask("first.example")) != []
    check.eventually(lambda: lost_edns(site))
    assert check.data(site.ask("plain.example")) != []
    assert check.data(site.ask("signed.example", want_dnssec=True)) != []
    asked = check.once((each.qname, has_edns(each)) for each in site.upstream.asked)
    assert asked[-3:] == [
        ("plain.example.", False),
        ("signed.example.", True),
        ("signed.example.", False),
    ]
    assert site.log("knows no EDNS")
    assert "without EDNS" in site.printed("status")


def test_the_form_is_kept_over_tcp(behind: Upstreams) -> None:
    """What is cut over UDP without EDNS is fetched over TCP without EDNS."""
    site = behind("udp", refusing(has_edns, error("FORMERR"), truncated()))
    assert check.data(site.ask("long.example")) != []
    forms = check.once((each.transport, has_edns(each)) for each in site.upstream.asked)
    assert forms[-2:] == [("udp", False), ("tcp", False)]


@pytest.mark.parametrize("rcode", ["FORMERR", "SERVFAIL", "REFUSED", "NOTIMP"])
@pytest.mark.parametrize("scheme", TRANSPORTS)
def test_an_error_of_a_header_alone_is_an_error(behind: Upstreams, scheme: str, rcode: str) -> None:
    """Twelve bytes under the right ID are the upstream's word, and no forgery."""
    site = behind(scheme, error(rcode, header_only=True))
    check.rcode(site.ask("header.example"), rcode)
    check.eventually(lambda: site.measures("127.0.0.1"))
    assert site.counter("mismatch") == 0


@pytest.mark.parametrize("opcode", [1, 4, 5])
def test_a_response_to_another_operation_is_not_believed(serve: Serve, opcode: int) -> None:
    """A status report, a notification or an update answers no query."""

    def behave(asked: Asked) -> list[Step]:
        (sent,) = plain(asked)
        assert isinstance(sent, Send)
        return [Send(sent.wire[:2] + bytes([sent.wire[2] | opcode << 3]) + sent.wire[3:])]

    check.servfail(serve(behave, settings=HASTY).ask("operation.example"))
