"""What each policy does to the answers of a marked client, as dig and others see it."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import dns.flags
import dns.message
import dns.query
import dns.rdataclass
import pytest

from tests import check
from tests.behaviour import Asked, Behaviour, Step, answer, plain
from tests.live.site import Serve, Site
from tests.live.tools import run
from tests.upstream import Upstream

WORM: Final = "127.0.0.66"
OTHER: Final = "127.0.0.7"
SERVER: Final = "127.0.0.25"
BAY: Final[Mapping[str, object]] = {
    "quarantine.i_have_authority": True,
    "quarantine.addresses": ["192.0.2.250", "2001:db8::250"],
    "policies.exempt": ["corp.example"],
    "roles.mail_servers": [SERVER],
}
"""Settings of a site that may divert mail, and has a mail server."""

FORGED, BLOCKED, PROHIBITED = 4, 15, 18


def order(site: Site, *command: str) -> str:
    """Give an order, as a person does at the keyboard."""
    return site.printed(*command, "--config", str(site.config))


def distrusted(site: Site, policy: str, client: str = WORM) -> Site:
    """Switch a policy on and distrust a client; returns when the mark is on its way."""
    order(site, "policy", "enable", policy)
    assert "infected" in order(site, "clients", "distrust", client, "--why", "seen spreading")
    check.eventually(lambda: site.log(f"client '{client}': "))
    return site


def asks(site: Site, name: str, kind: str = "MX", **wishes: Any) -> dns.message.Message:
    """Ask as the worm, patiently."""
    return site.ask(name, kind, source=WORM, use_edns=0, patience=8, **wishes)


def mx(response: dns.message.Message) -> list[str]:
    """Give the exchanges of an answer."""
    return [text.split()[1] for text in check.data(response, "MX")]


def test_refuse_mail_lookups(serve: Serve) -> None:
    """MX questions and addresses of exchanges get SERVFAIL with a reason; all else is answered."""
    site = serve()
    site.ask("known.example", "MX", source=OTHER)
    distrusted(site, "refuse-mail-lookups")
    check.eventually(lambda: _if_failed(asks(site, "first.example")))
    for name, kind in (("victim.example", "MX"), ("mx.known.example", "A"), ("any.example", "ANY")):
        refused = asks(site, name, kind)
        check.servfail(refused)
        assert check.errors(refused) == [PROHIBITED], name
    check.noerror(asks(site, "www.example", "A"))
    check.noerror(asks(site, "victim.example", "TXT"))
    assert mx(site.ask("victim.example", "MX", source=OTHER)) == ["mx.victim.example."]


def _if_failed(response: dns.message.Message) -> dns.message.Message | None:
    return response if response.rcode() == 2 else None


def test_dig_sees_the_holding_bay(serve: Serve) -> None:
    """dig is led to the holding bay by name and address, for 30 s, and told so."""
    site = distrusted(serve(settings=BAY), "quarantine")
    dig = ["@127.0.0.1", "-p", str(site.port), "-b", WORM, "+tries=1", "+time=8", "victim.example"]
    check.eventually(lambda: "holding-bay" in run("dig", *dig, "MX"))
    printed = run("dig", *dig, "MX")
    assert "30\tIN\tMX\t0 holding-bay.internal." in printed
    assert "holding-bay.internal.\t30\tIN\tA\t192.0.2.250" in printed
    assert "EDE: 4 (Forged Answer)" in printed
    assert " ad" not in printed.split("flags:")[1].split(";")[0]
    assert "mx.victim" not in printed


@pytest.fixture(scope="module")
def diverted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose policy `quarantine` acts on the worm, and that knows an exchange."""
    with (
        Upstream(_world) as upstream,
        Site(tmp_path_factory.mktemp("bay"), [upstream], BAY) as site,
    ):
        site.ask("known.example", "MX", source=OTHER)
        site.ask("corp.example", "MX", source=OTHER)
        distrusted(site, "quarantine")
        check.eventually(lambda: check.errors(asks(site, "first.example")) == [FORGED])
        yield site


def _world(asked: Asked) -> list[Step]:
    """Answer like `plain`, but for some names that are special."""
    special: dict[tuple[str, str], Behaviour] = {
        ("null.example.", "MX"): answer("MX 0 ."),
        ("bare.example.", "MX"): answer(),
        ("cname.example.", "MX"): answer("CNAME mx-of.example."),
        ("six.known.example.", "A"): answer(),
        ("mx.known.example.", "HTTPS"): answer("HTTPS 1 . ipv4hint=192.0.2.99"),
        ("mx.known.example.", "SVCB"): answer("SVCB 1 . ipv4hint=192.0.2.99"),
    }
    return special.get((asked.qname.lower(), asked.qtype), plain)(asked)


def test_every_way_to_the_exchange_leads_to_the_bay(diverted: Site) -> None:
    """MX, a domain without MX, ANY, CNAME, and the address of a known exchange in both families."""
    for name, kind in (
        ("a.example", "MX"),
        ("bare.example", "MX"),
        ("cname.example", "MX"),
        ("b.example", "ANY"),
    ):
        assert mx(asks(diverted, name, kind)) == ["holding-bay.internal."], name
    assert check.data(asks(diverted, "mx.known.example", "A")) == ["192.0.2.250"]
    assert check.data(asks(diverted, "mx.known.example", "AAAA"), "AAAA") == ["2001:db8::250"]


def test_the_real_exchange_leaks_nowhere(diverted: Site) -> None:
    """No section of a rewritten answer holds the real exchange, and AD is never set."""
    query = diverted.query("leak.example", "MX", use_edns=0, ad=True)
    for transport in (dns.query.udp, dns.query.tcp):
        response = transport(
            query, "127.0.0.1", port=diverted.port, source=WORM, timeout=check.PATIENCE
        )
        assert "leak.example. 30 IN MX 0 holding-bay.internal." in response.to_text()
        assert "mx.leak" not in response.to_text()
        assert not response.flags & dns.flags.AD


def test_no_hint_leads_past_the_bay(diverted: Site) -> None:
    """A service record may bring the true address along: the exchange's has none for the worm."""
    for _ in range(2):  # from the upstream, and from the short cut
        others = diverted.ask("mx.known.example", "HTTPS", source=OTHER)
        assert "192.0.2.99" in others.to_text()
        for kind in ("HTTPS", "SVCB"):
            answered = asks(diverted, "mx.known.example", kind)
            check.noerror(answered)
            assert not answered.answer


def test_no_answer_is_of_another_class_than_its_question(diverted: Site) -> None:
    """Mail is a matter of the class IN: CH is the upstream's, and any class gets no forgery."""
    chaos = asks(diverted, "chaos.example", "MX", rdclass="CH")
    assert all(rrset.rdclass == dns.rdataclass.CH for rrset in chaos.answer)
    assert check.errors(chaos) == []
    check.servfail(asks(diverted, "any-class.example", "MX", rdclass="ANY"))


def test_the_bays_own_name_resolves(diverted: Site) -> None:
    """Whoever asks for the holding bay's name gets its addresses."""
    for source in (WORM, OTHER):
        response = diverted.ask("holding-bay.internal", "A", source=source)
        assert check.data(response) == ["192.0.2.250"]


def test_what_may_not_be_touched_is_not(diverted: Site) -> None:
    """A null MX, the site's own domain and its exchange, NXDOMAIN: as the upstream said."""
    assert mx(asks(diverted, "null.example")) == ["."]
    assert mx(asks(diverted, "corp.example")) == ["mx.corp.example."]
    assert check.data(asks(diverted, "mx.corp.example", "A")) != ["192.0.2.250"]
    assert check.errors(asks(diverted, "mx.corp.example", "A")) == []


def test_others_get_the_truth_at_the_same_time(diverted: Site) -> None:
    """What the worm was told is in no cache: the next client gets the real exchange."""
    assert mx(asks(diverted, "shared.example")) == ["holding-bay.internal."]
    assert mx(diverted.ask("shared.example", "MX", source=OTHER)) == ["mx.shared.example."]
    assert mx(asks(diverted, "shared.example")) == ["holding-bay.internal."]
    assert check.data(diverted.ask("mx.known.example", "A", source=OTHER)) != ["192.0.2.250"]


def test_a_declared_server_is_never_touched(diverted: Site) -> None:
    """A mail server cannot be distrusted, and its lookups are answered whatever was said."""
    assert order(diverted, "clients", "distrust", SERVER) == ""
    assert mx(diverted.ask("first.example", "MX", source=SERVER)) == ["mx.first.example."]


def test_the_account_knows_what_the_upstream_said(diverted: Site) -> None:
    """The record of a rewritten lookup holds the real exchange, and which policy rewrote it."""
    asks(diverted, "record.example")
    rows = check.eventually(lambda: _rewritten(diverted, "record.example"))
    assert rows[0]["exchanges"] == ["mx.record.example"]
    assert rows[0]["policy"] == "quarantine"


def _rewritten(site: Site, qname: str) -> list[dict[str, object]]:
    last = (site.told("report", "--client", WORM) or {"last_mail_related": []})["last_mail_related"]
    return [row for row in last if row["qname"] == qname and row["decided"] == "rewritten"]


DELAY = """
name = "delay"
summary = "A quick one."
since = "test"
precedence = 200
action = "delay"
false_alarms = "None."
[parameters]
hold = "{hold}"
bucket = {bucket}
excess = "{excess}"
then = "{then}"
[applies_to]
evidence = "infected"
"""


@pytest.fixture
def slow(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Site]:
    """Start a site with a delay of the test's own, and the worm marked."""

    def start(behaviour: Behaviour = plain, **numbers: object) -> Site:
        numbers = {"hold": "0", "bucket": 5, "excess": "0", "then": "refuse", **numbers}
        folder = tmp_path_factory.mktemp("policies")
        (folder / "delay.toml").write_text(DELAY.format(**numbers))
        site = serve(behaviour, settings={"policies.directory": str(folder)})
        distrusted(site, "delay")
        check.eventually(lambda: site.log(f"client '{WORM}': delay"))
        return site

    return start


def test_a_delayed_answer_comes_late_and_is_right(slow: Callable[..., Site]) -> None:
    """A novel mail domain waits as long as the policy says, and then has its true answer."""
    site = slow(hold="800ms")
    begin = time.monotonic()
    assert mx(asks(site, "slow.example")) == ["mx.slow.example."]
    assert time.monotonic() - begin > 0.7


def test_others_do_not_wait(slow: Callable[..., Site]) -> None:
    """While a marked client waits, it and others get every other answer before that one."""
    site = slow(hold="4s")
    done: list[str] = []

    def worm() -> None:
        asks(site, "slow.example")
        done.append("held")

    waiting = threading.Thread(target=worm)
    waiting.start()
    check.eventually(lambda: "slow.example." in site.upstream.names())
    for number in range(50):
        site.ask(f"mail{number}.example", "MX", source=OTHER)
        asks(site, f"www{number}.example", "A")
    done.append("others")
    waiting.join()
    assert done == ["others", "held"]


def test_every_retry_of_a_held_question_is_answered(slow: Callable[..., Site]) -> None:
    """A stub that asks again from other ports gets an answer to each of its queries, by its ID."""
    site = slow(hold="1.8s")
    answers: list[dns.message.Message] = []
    threads = [
        threading.Thread(target=lambda: answers.append(asks(site, "again.example")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [mx(each) for each in answers] == [["mx.again.example."]] * 3
    assert site.upstream.names().count("again.example.") == 1


def test_beyond_the_bucket_there_is_servfail(slow: Callable[..., Site]) -> None:
    """So many mail domains pass; the next gets SERVFAIL and a reason; known ones still pass."""
    site = slow(bucket=3)
    for number in range(3):
        check.noerror(asks(site, f"victim{number}.example"))
        check.noerror(asks(site, f"mx.victim{number}.example", "A"))
    refused = asks(site, "victim3.example")
    check.servfail(refused)
    assert check.errors(refused) == [BLOCKED]
    check.noerror(asks(site, "victim0.example"))
    check.noerror(site.ask("victim3.example", "MX", source=OTHER))


def test_too_many_held_queries_are_refused(slow: Callable[..., Site]) -> None:
    """A client may let 32 queries wait; the next one gets SERVFAIL at once."""
    site = slow(hold="4s", bucket=1000)
    queries = [site.query(f"many{n}.example", "MX", use_edns=0).to_wire() for n in range(40)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as worm:
        worm.bind((WORM, 0))
        worm.settimeout(check.PATIENCE)
        for query in queries:
            worm.sendto(query, ("127.0.0.1", site.port))
        refused = [dns.message.from_wire(worm.recv(4096)) for _ in range(8)]
    assert {response.rcode() for response in refused} == {2}


def test_switching_a_policy_off_gives_what_was_held(slow: Callable[..., Site]) -> None:
    """What waits is answered when the policy goes, and what comes then does not wait."""
    site = slow(hold="4s")
    got: list[dns.message.Message] = []
    waiting = threading.Thread(target=lambda: got.append(asks(site, "held.example")))
    waiting.start()
    check.eventually(lambda: "held.example." in site.upstream.names())
    order(site, "policy", "disable", "delay")
    waiting.join()
    assert mx(got[0]) == ["mx.held.example."]
    check.eventually(lambda: site.log("no mark"))
    assert mx(asks(site, "held2.example")) == ["mx.held2.example."]


def test_orders_survive_a_restart(serve: Serve) -> None:
    """A policy that is on and a client that is distrusted are so after a restart."""
    site = distrusted(serve(), "refuse-mail-lookups")
    check.eventually(lambda: _if_failed(asks(site, "one.example")))
    site.stop()
    site.start()
    check.eventually(lambda: _if_failed(asks(site, "two.example")))


def test_a_word_that_ends_gives_the_client_free(serve: Serve) -> None:
    """A mark ends with the word that it stands on, without anybody's doing."""
    site = serve()
    order(site, "policy", "enable", "refuse-mail-lookups")
    order(site, "clients", "distrust", WORM, "--for", "2s")
    check.eventually(lambda: _if_failed(asks(site, "one.example")))
    check.eventually(lambda: asks(site, "two.example").rcode() == 0)


def test_all_workers_obey(serve: Serve) -> None:
    """With several workers each one enforces, also one that was killed and came back."""
    site = distrusted(serve(workers=2), "refuse-mail-lookups")
    check.eventually(lambda: all(_if_failed(asks(site, f"v{n}.example")) for n in range(12)))
    os.kill(site.workers_running()[0], signal.SIGKILL)
    check.eventually(lambda: len(site.workers_running()) == 2)
    check.eventually(lambda: all(_if_failed(asks(site, f"w{n}.example")) for n in range(12)))


def test_without_the_watch_marks_stay_and_resolution_goes_on(serve: Serve) -> None:
    """A dead watch costs no answer: others are answered, marks stand until they end."""
    site = distrusted(serve(), "refuse-mail-lookups")
    check.eventually(lambda: _if_failed(asks(site, "one.example")))
    watch = check.eventually(site.watch_running)
    os.kill(watch, signal.SIGSTOP)
    try:
        check.noerror(site.ask("after.example", "MX", source=OTHER))
        check.servfail(asks(site, "two.example"))
    finally:
        os.kill(watch, signal.SIGCONT)


def test_a_broken_policy_is_left_out(
    serve: Serve, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A policy that cannot be read is said, with file and line, and costs nobody an answer."""
    folder = tmp_path_factory.mktemp("policies")
    (folder / "mine.toml").write_text('name = "mine"\naction = "blok"\n')
    site = serve(settings={"policies.directory": str(folder)})
    check.noerror(site.ask("one.example", "MX"))
    check.eventually(lambda: site.log("mine.toml, line 2: action is"))


def test_a_dry_run_touches_nothing_and_tells(
    serve: Serve, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A policy in a dry run records what it would have done, and the answer is the true one."""
    folder = tmp_path_factory.mktemp("policies")
    text = DELAY.format(hold="4s", bucket=1, excess="4s", then="refuse")
    (folder / "delay.toml").write_text("dry_run = true\n" + text)
    site = distrusted(serve(settings={"policies.directory": str(folder)}), "delay")
    check.eventually(lambda: site.log("delay, dry run"))
    begin = time.monotonic()
    for number in range(3):
        check.noerror(asks(site, f"dry{number}.example"))
    assert time.monotonic() - begin < 3.5
    told = check.eventually(lambda: _done(site, "delay"))
    assert set(told) == {"would be held", "would be refused"}


def _done(site: Site, policy: str) -> dict[str, int]:
    told = site.told("policy", "list", "--config", str(site.config))
    done: dict[str, int] = next(each["done"] for each in told if each["name"] == policy)
    return done


def test_the_web_of_a_marked_person_goes_on(serve: Serve) -> None:
    """A web mail that was used before, or that a browser asks for, opens; a guess does not."""
    site = serve(settings=BAY)
    before = asks(site, "mail.before.example.org", "A")
    asks(site, "before.example.org", "MX")  # reported after it, so that it has been taken in
    check.eventually(lambda: site.measures(WORM).get("mail:mx"))
    distrusted(site, "quarantine")
    check.eventually(lambda: check.errors(asks(site, "first.example")) == [FORGED])
    assert check.data(asks(site, "mail.before.example.org", "A")) == check.data(before)
    for guess in ("mail.never.example.org", "mx01.never.example.org", "inbound.never.example.org"):
        assert check.data(asks(site, guess, "A")) == ["192.0.2.250"], guess
    asks(site, "mail.browser.example.org", "HTTPS")
    assert "192.0.2.250" not in check.data(asks(site, "mail.browser.example.org", "A"))
    assert check.errors(asks(site, "mail.before.example.org", "MX")) == [FORGED]
