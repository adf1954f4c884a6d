"""What no request gets past."""

import httpx2
import pytest

from tests.web.conftest import Served

ORDER = "/policies/delay/enable"


def test_every_answer_forbids_what_is_not_ours(served: Served) -> None:
    """Pages, files and refusals alike carry the policy; only files may be kept."""
    with served.browser() as browser:
        for path in ("/", "/static/console.js", "/nowhere", "/login", "/api/1/site"):
            headers = browser.get(path).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert ("no-store" in headers["cache-control"]) == (not path.startswith("/static"))
            assert "server" not in headers


def test_another_host_gets_nothing(served: Served) -> None:
    """A name of a stranger that leads here by DNS rebinding shows nothing."""
    with served.browser() as browser:
        answer = browser.get("/", headers={"host": "evil.example"})
        assert answer.status_code == 421
        assert "name it in web.names" in answer.text
        assert browser.get("/", headers={"host": "localhost:1"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_an_order_from_another_site_is_none(served: Served, headers: dict[str, str]) -> None:
    """Even with the token: a browser says where a form was."""
    with served.browser() as browser:
        form = {"token": served.token(browser)}
        assert browser.post(ORDER, data=form, headers=headers).status_code == 403
        ours = {"origin": served.base, "sec-fetch-site": "same-origin"}
        assert browser.post(ORDER, data=form, headers=ours).status_code == 303


def test_a_form_needs_the_token_of_its_visit(served: Served) -> None:
    """None, a wrong one and another visit's are refused alike; a link does nothing."""
    with served.browser() as browser, served.browser(name="bob") as other:
        for form in ({}, {"token": "x"}, {"token": served.token(other)}, {"token": "\u00e9"}):
            assert browser.post(ORDER, data=form).status_code == 403
        assert browser.get(ORDER).status_code in (404, 405)
        assert browser.put(ORDER).status_code == 405


def test_a_body_is_bounded(served: Served) -> None:
    """More bytes, more fields or other bytes than a form has end as a sentence."""
    with served.browser() as browser:
        long = httpx2.Request("POST", served.base + ORDER, content=b"x" * 300_000)
        long.headers["cookie"] = f"dnswatch={browser.cookies['dnswatch']}"
        assert browser.send(long).status_code == 413
        many = "&".join(f"a{n}=1" for n in range(2000)).encode()
        for body in (many, b"\xff\xfe", b"token=%ff"):
            assert browser.post(ORDER, content=body).status_code in (400, 403)
        kind = {"content-type": "application/json"}
        assert browser.post(ORDER, content=b"[1", headers=kind).status_code == 400
        assert browser.post(ORDER, content=b"[1]", headers=kind).status_code == 400
