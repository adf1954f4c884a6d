"""The console's pages, asked as browsers and programs ask them."""

import base64
import hashlib
import re
from pathlib import Path

import httpx2
import msgspec
import pytest

from dnswatch import clock
from dnswatch.bay.record import Decision
from dnswatch.bay.spool import Spool
from dnswatch.store import Store, orders
from dnswatch.web.app import ORDERS, PAGES, description
from dnswatch.web.pages import client, mail
from dnswatch.web.register import Rank
from tests.bay.mail import keep
from tests.web.conftest import Served

WORM = "10.0.0.66"


def paths(served: Served) -> list[str]:
    """Give an address of each page that is read."""
    return [
        "/",
        "/clients?span=all",
        f"/clients/{WORM}?span=all&steps=1",
        "/mail?state=all",
        f"/mail/{served.worm}",
        "/policies",
        "/log",
        "/access",
        f"/trace?client={WORM}&name=victim1.example&type=MX",
    ]


def written(served: Served) -> list[orders.LogEntry]:
    """Give the log, the latest first."""
    with Store.read(served.state) as store, store.snapshot() as db:
        return orders.log(db, 0.0, None, 100)


def test_every_page_is_there_and_names_its_facts(served: Served) -> None:
    """What the store holds stands on the page; nothing hostile stands there as it came."""
    with served.browser() as browser:
        pages = {path: browser.get(path) for path in paths(served)}
    for path, page in pages.items():
        assert page.status_code == 200, (path, page.text)
        for bad in ("\u202e", "\x1b", "<script>alert", "<img", 'style="', " onclick"):
            assert bad not in page.text, (path, bad)
    client = pages[f"/clients/{WORM}?span=all&steps=1"].text
    assert "verdict: infected now" in client
    assert "victim9.example MX" in client
    assert "2 messages in the holding bay" in client
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt;\\u202eevil\\x1b[2J"
        in pages["/clients?span=all"].text
    )
    assert WORM in pages["/"].text
    assert f"{WORM} gets: the answer as it comes" in pages[paths(served)[-1]].text


def test_a_link_carries_what_was_chosen(served: Served) -> None:
    """Search, role, group and sorting are in the address; what fits nobody says what to do."""
    with served.browser() as browser:
        found = browser.get("/clients?span=all&q=10.0.0.6").text
        assert WORM in found
        assert "10.0.0.2" not in found
        assert "10.0.0.2" in browser.get("/clients?span=all&group=office&sort=name").text
        assert "10.0.0.2" not in browser.get("/clients?span=all&verdict=infected").text
        assert "show all 4" in browser.get("/clients?span=all&q=nobody").text
        assert browser.get("/clients/nobody").status_code == 404
        assert browser.get("/clients?span=soon").status_code == 400
        assert browser.get("/nowhere").status_code == 404


def test_an_order_is_what_the_command_would_have_written(served: Served) -> None:
    """With the person as actor and the reason as cause; the page after it says what was done."""
    with served.browser() as browser:
        token = served.token(browser)
        form = {"token": token, "why": "seen spreading", "for": "2h"}
        answer = browser.post(f"/orders/distrust/{WORM}", data=form)
        assert answer.status_code == 303
        browser.get("/policies", headers={"hx-request": "true"})  # another tab moves meanwhile
        page = browser.get(answer.headers["location"]).text
        assert f"ordered: {WORM} is infected, whatever is seen, until" in page
        assert "distrust by alice: seen spreading, until" in page
        browser.post(f"/roles/{WORM}", data={"token": token, "role": "server", "why": "a printer"})
        refused = browser.post(f"/orders/distrust/{WORM}", data=form)
        assert refused.status_code == 409
        assert "is declared as server" in refused.text
        browser.post("/policies/delay/try", data={"token": token})
        assert "Let it act" in browser.get("/policies").text
        assert "delay</a> (dry run)" in browser.get("/").text
        browser.post("/policies/delay/enable", data={"token": token})
        answer = browser.post("/policies/quarantine/enable", data={"token": token})
        assert answer.status_code == 409
        assert "i_have_authority" in answer.text
        assert browser.post("/policies/none/enable", data={"token": token}).status_code == 409
    told = [(one.about, one.text, one.cause, one.actor) for one in written(served)]
    assert told == [
        ("policy", "delay on", "", "alice"),
        ("policy", "delay on, dry run", "", "alice"),
        ("role", "server", "a printer", "alice"),
        ("overrule", "distrust", "seen spreading", "alice"),
    ]


def test_whom_a_policy_would_hit_is_said_before_it_is_switched_on(served: Served) -> None:
    """The card of a policy that is off names them; one's own TOML is checked, and stays undone."""
    with served.browser() as browser:
        page = browser.get("/policies").text
        card = page[page.index('id="delay"') :]
        assert f'Would act now on 1 client:\n<a href="/clients/{WORM}"' in re.sub(" +<", "<", card)
        own = {"token": served.token(browser), "text": "name = 1"}
        assert "your policy, line 1: name is 1" in browser.post("/policies/check", data=own).text
        assert "text of the form" not in page


ATTACHED = (
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
    b"hello\r\n--b\r\nContent-Type: text/html; name=x.html\r\nContent-Disposition: attachment;"
    b' filename="../../<script>.html"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    + base64.b64encode(b"<script>alert(1)</script>")
    + b"\r\n--b--\r\n"
)


def test_an_attachment_is_listed_and_leaves_as_bytes_alone(served: Served) -> None:
    """Name, kind, size and hash for who may see mail; the thing itself for admins, as no browser
    runs it, under a name that its sender did not choose."""
    spool = Spool(served.state / "bay")
    spool.claim()
    ident = keep(spool, 3, key="10.0.0.66", body=ATTACHED)
    spool.close()
    digest = hashlib.sha256(b"<script>alert(1)</script>").hexdigest()
    with served.browser() as browser, served.browser(Rank.MAIL, "bob") as postmaster:
        place = f"/mail/{ident}/parts/1"
        page = browser.get(f"/mail/{ident}").text
        assert digest in page
        assert "text/html, about 25 B" in page
        assert place in page
        assert "<script>alert" not in page
        seen = postmaster.get(f"/mail/{ident}").text
        assert digest in seen
        assert place not in seen
        assert postmaster.get(place).status_code == 403
        taken = browser.get(place)
        assert taken.content == b"<script>alert(1)</script>"
        headers = taken.headers
        assert headers["content-type"] == "application/octet-stream"
        assert headers["content-disposition"] == f'attachment; filename="held-{ident}-1.bin"'
        assert headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert browser.get(f"/mail/{ident}/parts/9").status_code == 409


def test_mail_is_read_and_decided_on(served: Served) -> None:
    """Its decision stands in its record, with who and why; its HTML reaches out to nobody."""
    with served.browser(Rank.MAIL, "bob") as browser:
        page = browser.get(f"/mail/{served.worm}").text
        assert 'sandbox=""' in page
        frame = browser.get(f"/mail/{served.worm}/html")
        assert frame.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert frame.text.endswith("<p>Dear <b>Bob</b><a>here</a>")
        form = {"token": served.token(browser), "ident": served.worm, "why": "a newsletter"}
        answer = browser.post("/mail/release", data=form)
        assert answer.status_code == 303
        again = browser.post("/mail/discard", data={"token": served.token(browser)})
        assert again.status_code == 400
        assert "no message was chosen" in again.text
        assert browser.get("/mail/ffff").status_code == 404
    last = Spool(served.state / "bay").lines(served.worm)[-1]
    assert isinstance(last, Decision)
    assert (last.fate, last.actor, last.why) == ("release", "bob", "a newsletter")


def test_each_rank_has_its_limits(served: Served) -> None:
    """View sees no letter and gives no order; mail decides on mail alone."""
    with served.browser(Rank.VIEW) as viewer, served.browser(Rank.MAIL) as postmaster:
        assert viewer.get("/mail").status_code == 403
        page = viewer.get(f"/clients/{WORM}?span=all").text
        assert "2 messages in the holding bay" in page
        assert "big" not in page
        assert "Distrust" not in page
        for browser in (viewer, postmaster):
            form = {"token": served.token(browser)}
            assert browser.post(f"/orders/clear/{WORM}", data=form).status_code == 403
            assert browser.get("/access").status_code == 403
        assert postmaster.get("/mail").status_code == 200
    assert written(served) == []


def test_a_program_gets_the_same_as_json(served: Served) -> None:
    """With a bearer token of its rank; each answer fits the schema that is published."""
    register = served.console.register
    secret = register.add_token("monitor", Rank.ADMIN, clock.now())
    with httpx2.Client(base_url=served.base, timeout=60) as program:
        assert program.get("/api/1/clients").status_code == 401
        program.headers["authorization"] = f"Bearer {secret}"
        rows = program.get("/api/1/clients?span=all").json()["rows"]
        assert {row["who"]: row["verdict"] for row in rows}[WORM] == "infected"
        found = program.get(f"/api/1/clients/{WORM}?span=all")
        assert msgspec.json.decode(found.content, type=client.ClientPage).mail
        letter = program.get(f"/api/1/mail/{served.worm}")
        assert msgspec.json.decode(letter.content, type=mail.MessagePage).has_html
        done = program.post(f"/api/1/orders/clear/{WORM}", json={"why": "reinstalled"})
        assert done.json()["said"].startswith(f"ordered: {WORM} is clean now")
        fault = program.get("/api/1/clients/nobody")
        assert fault.status_code == 404
        assert "nobody" in fault.json()["fault"]
        published = program.get("/api/1/schema")
        assert published.content == description()
        assert len(published.json()["paths"]) == len({p.path for p in PAGES}) + len(ORDERS)
        register.remove_token("monitor")
        assert program.get("/api/1/clients").status_code == 401
    [entry] = written(served)
    assert (entry.actor, entry.cause) == ("monitor", "reinstalled")


@pytest.mark.parametrize("path", ["/", "/clients", "/log", "/policies"])
def test_without_records_a_page_says_what_to_do(tmp_path: Path, served: Served, path: str) -> None:
    """A store that is not there yet is a sentence, and no fault."""
    served.console.state = tmp_path / "nothing"
    with served.browser() as browser:
        answer = browser.get(path)
    assert answer.status_code == 503
    assert "start `dnswatch serve` first" in answer.text
