"""What clients did is what `dnswatch report` and `dnswatch cache` say, exactly."""

import pytest

from tests import check
from tests.behaviour import answer, by_name, rcode
from tests.live.site import Serve, Site
from tests.live.tools import run
from tests.loopback import reserve

CLIENT = "127.0.0.21"


def measures(site: Site, lookups: int, client: str = CLIENT) -> dict[str, int]:
    """Wait until that many lookups of a client are on record, and give its account."""
    return check.eventually(
        lambda: found if (found := site.measures(client)).get("lookup") == lookups else None
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_every_lookup_is_counted_once(serve: Serve, workers: int) -> None:
    """Lookups are counted by type and rcode, whichever worker had them, cached or not."""
    site = serve(by_name({"none.example.": rcode("NXDOMAIN")}), workers=workers)
    for number in range(20):
        for _ in range(3):
            site.ask(f"n{number}.example", source=CLIENT)
        site.ask(f"n{number}.example", "AAAA", source=CLIENT)
    site.ask("none.example", "TXT", source=CLIENT)
    account = measures(site, 81)
    assert (account["type:A"], account["type:AAAA"], account["type:TXT"]) == (60, 20, 1)
    assert (account["failures"], account["rcode:NXDOMAIN"]) == (1, 1)
    assert account["new"] + account["refresh"] + account["hit"] == 80
    assert account["new"] == len({check.data(site.ask(f"n{n}.example"))[0] for n in range(20)}) * 2


@pytest.mark.parametrize("workers", [1, 2])
def test_mail_related_lookups_are_told_apart(serve: Serve, workers: int) -> None:
    """MX, the address of an exchange, the implicit MX and a guessed name each count as such."""
    site = serve(workers=workers)
    site.ask("mail.example", "MX", source=CLIENT)
    site.ask("mx.mail.example", source=CLIENT)
    site.ask("mx.mail.example", "AAAA", source=CLIENT)
    site.ask("mail.example", source=CLIENT)
    site.ask("smtp.mail.example", source=CLIENT)
    site.ask("web.example", source=CLIENT)
    account = measures(site, 6)
    kinds = {kind: account[f"mail:{kind}"] for kind in ("mx", "exchange", "implicit-mx", "guess")}
    assert kinds == {"mx": 1, "exchange": 2, "implicit-mx": 1, "guess": 1}
    assert (account["mail"], account["mail-domains"], account["exchanges"]) == (5, 1, 1)


def test_cached_mail_lookups_count_as_well(site: Site) -> None:
    """A mail-related lookup that the cache answers is still on record one by one."""
    for _ in range(5):
        site.ask("again.example", "MX", source="127.0.0.22")
    account = measures(site, 5, "127.0.0.22")
    assert account["mail:mx"] == 5
    told = site.told("report", "--client", "127.0.0.22")
    assert [lookup["qname"] for lookup in told["last_mail_related"]] == ["again.example"] * 5


def test_new_refresh_and_hit(serve: Serve) -> None:
    """The first answer with an address is new, one from upstream while it lives a refresh, and
    one from the cache a hit."""
    site = serve(answer("A 192.0.2.1"))
    for name in ("one.example", "two.example", "two.example"):
        site.ask(name, source=CLIENT)
    account = measures(site, 3)
    assert (account["new"], account["refresh"], account["hit"]) == (1, 1, 1)
    cache = site.told("cache")
    assert (cache["live"], cache["upstream"], cache["superfluous"]) == (1, 2, 1)


def test_expiry_falls_on_time(serve: Serve) -> None:
    """An address expires at the end of its life though nobody asks for anything."""
    site = serve(answer("A 192.0.2.1", ttl=2))
    site.ask("brief.example")
    check.eventually(lambda: (told := site.told("cache")) and told["expire"] == 1)
    assert site.told("cache")["live"] == 0


def test_what_dig_asked_is_on_record(site: Site) -> None:
    """dig's own lookups, by UDP and TCP, stand in the account of its address."""
    for transport in ("+notcp", "+tcp"):
        port = str(site.port)
        run("dig", "@127.0.0.1", "-b", "127.0.0.23", "-p", port, transport, "dig.example", "MX")
    assert measures(site, 2, "127.0.0.23")["mail:mx"] == 2


def test_failures_are_on_record(serve: Serve) -> None:
    """SERVFAIL that an upstream gave, and a name that does not exist, are failures of a client."""
    broken = by_name({"ill.example.": rcode("SERVFAIL"), "no.example.": rcode("NXDOMAIN")})
    site = serve(broken)
    for name in ("ill.example", "no.example", "good.example"):
        site.ask(name, source=CLIENT)
    account = measures(site, 3)
    assert (account["rcode:SERVFAIL"], account["rcode:NXDOMAIN"]) == (1, 1)


def test_lookups_that_tried_to_get_past_us_are_marked(serve: Serve) -> None:
    """A lookup that comes in at a redirected listener is answered, and marked in the account."""
    with reserve() as holder:
        port = holder.getsockname()[1]
        site = serve(settings={"serve.redirected": [f"127.0.0.1:{port}"]})
        site.ask("direct.example", source=CLIENT)
        direct, site.port = site.port, port
        check.noerror(site.ask("past.example", source=CLIENT))
        site.ask("past.example", source=CLIENT)
        site.port = direct
    assert measures(site, 3)["redirected"] == 2


def test_records_outlive_the_server(serve: Serve) -> None:
    """After a stop the report says all that was asked, and after a start it goes on from there."""
    site = serve()
    for number in range(10):
        site.ask(f"n{number}.example", source=CLIENT)
    assert site.stop() == 0
    assert site.measures(CLIENT)["lookup"] == 10
    site.start()
    site.ask("one.more.example", source=CLIENT)
    assert measures(site, 11)["lookup"] == 11
