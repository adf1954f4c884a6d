"""The doors: passwords, links, and the way out."""

import httpx2

from dnswatch import clock
from dnswatch.web import totp
from dnswatch.web.register import IDLE, Rank
from tests.web.conftest import Served

PASSWORD = "correct horse battery"


def stranger(served: Served) -> httpx2.Client:
    """Give a browser that is not logged in."""
    return httpx2.Client(base_url=served.base, timeout=60)


def test_a_password_opens_and_log_out_closes(served: Served) -> None:
    """One comes back to the page that was asked for, never to another site."""
    served.console.register.add_user("alice", Rank.VIEW, PASSWORD, clock.now())
    with stranger(served) as browser:
        assert browser.get("/log").headers["location"] == "/login?to=/log"
        form = {"name": "alice", "password": PASSWORD, "to": "/log"}
        answer = browser.post("/login", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/log")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert browser.get("/log").status_code == 200
        secret = browser.cookies["dnswatch"]
        browser.post("/logout", data={"token": "wrong"})
        assert browser.get("/log").status_code == 200
        browser.post("/logout", data={"token": served.token(browser)})
        assert browser.get("/log", headers={"cookie": f"dnswatch={secret}"}).status_code == 303
        away = form | {"to": "//evil.example"}
        assert browser.post("/login", data=away).headers["location"] == "/"


def test_an_account_with_codes_needs_one(served: Served) -> None:
    """A right password is not enough, and a code opens once; a link needs neither."""
    register, secret = served.console.register, bytes(range(20))
    register.add_user("alice", Rank.VIEW, PASSWORD, clock.now())
    register.set_secret("alice", secret)
    register.add_user("alice", Rank.ADMIN, PASSWORD, clock.now())  # a new role keeps the codes
    form = {"name": "alice", "password": PASSWORD}
    with stranger(served) as browser:
        assert browser.post("/login", data=form).status_code == 403
        shown = totp.code(secret, int(clock.now() // totp.STEP))
        opened = browser.post("/login", data=form | {"code": f"{shown[:3]} {shown[3:]}"})
        assert opened.status_code == 303
        again = browser.post("/login", data=form | {"code": shown})
        assert again.status_code == 403
        assert "with one-time codes" in browser.get("/access").text


def test_who_guesses_waits(served: Served) -> None:
    """After three wrong guesses even the right password is not looked at for a while."""
    served.console.register.add_user("alice", Rank.VIEW, PASSWORD, clock.now())
    with stranger(served) as browser:
        wrong = {"name": "alice", "password": "guess"}
        codes = [browser.post("/login", data=wrong).status_code for _ in range(3)]
        assert codes == [403, 403, 403]
        answer = browser.post("/login", data={"name": "alice", "password": PASSWORD})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


def test_a_link_opens_once_and_by_its_button(served: Served) -> None:
    """Whoever only looks at it, as mail scanners do, uses nothing up."""
    secret = served.console.register.make_link("root", Rank.ADMIN, clock.now())
    with stranger(served) as browser, stranger(served) as other:
        assert "Log in" in browser.get(f"/link/{secret}").text
        assert browser.get("/").status_code == 303
        assert browser.post(f"/link/{secret}").status_code == 303
        assert browser.get("/access").status_code == 200
        again = other.post(f"/link/{secret}")
        assert again.status_code == 403
        assert "was used or is too old" in again.text


def test_a_visit_that_is_ended_is_over(served: Served) -> None:
    """At its next page; and one at which nobody looked for long."""
    with served.browser() as admin, served.browser(Rank.VIEW, "bob") as bob:
        number = next(
            one.number for one in served.console.register.visits(clock.now()) if one.name == "bob"
        )
        admin.post(f"/access/{number}/end", data={"token": served.token(admin)})
        assert bob.get("/").status_code == 303
        assert admin.get("/").status_code == 200
        late = clock.now() + IDLE + 1
        assert served.console.register.visitor(admin.cookies["dnswatch"], late) is None
