"""What open pages are told."""

import json

from dnswatch import clock
from dnswatch.store import Store, orders
from dnswatch.web.register import Rank
from tests.web.conftest import Served


def test_every_open_page_hears_of_a_change(served: Served) -> None:
    """By one reading of the store for all of them; who logs out hears no more."""
    first = _heard(served)
    assert first[0]["figures"]["infected"] == 1
    assert first[0]["figures"]["held"] == 2
    assert first[0]["topics"]["log"] == 0


def _heard(served: Served) -> list[dict[str, dict[str, int]]]:
    """Open a page, give an order, and give what it heard."""
    with served.browser() as browser, browser.stream("GET", "/live") as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        first = json.loads(next(lines)[6:])
        with Store.open(served.state) as store, store.snapshot() as db:
            orders.enable(db, "delay", "alice", clock.now())
        second = json.loads(next(lines)[6:])
        while second["topics"]["log"] != 1:
            second = json.loads(next(lines)[6:])
        served.console.register.leave(browser.cookies["dnswatch"])
        with Store.open(served.state) as store, store.snapshot() as db:
            orders.disable(db, "delay", "alice", clock.now())
        for _ in lines:  # it ends by itself
            continue
    return [first, second]


def test_a_browser_that_is_not_logged_in_is_told_not_to_come_again(served: Served) -> None:
    """No stream, and no endless trying: 204 ends an EventSource."""
    with served.browser(Rank.VIEW) as browser:
        served.console.register.leave(browser.cookies["dnswatch"])
        assert browser.get("/live").status_code == 204
