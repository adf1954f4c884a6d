"""An admin at the console, in a real browser, on a site with a real worm.

`DNSWATCH_PICTURES=docs/console .venv/bin/pytest tests/web/test_browser.py` makes the pictures of
docs/console.md anew.
"""

import os
import re
import signal
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dnswatch import clock
from dnswatch.lab.demo.world import BAY
from dnswatch.lab.demo.worm import ADDRESS
from dnswatch.web.register import Rank, Register
from tests import check
from tests.live.site import children
from tests.live.tools import need
from tests.web.played import PERSON, Played, played

SWITCHES: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE: Final = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
PATIENCE: Final = 1000 * check.PATIENCE
HOSTILE: Final = "<img src=x onerror=console.error('hostile')>\u202e<script>alert(1)</script>"

expect.set_options(timeout=PATIENCE)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=need("chromium"), args=SWITCHES)
        yield found
        found.close()


@contextmanager
def watched(found: Browser, said: list[str], *, script: bool = True) -> Iterator[BrowserContext]:
    """Open a window whose pages must say nothing on their console, and ask nothing."""
    context = found.new_context(java_script_enabled=script, viewport={"width": 1280, "height": 860})
    context.set_default_timeout(PATIENCE)
    context.on(
        "console",
        lambda message: said.append(f"{message.page and message.page.url}: {message.text}"),
    )
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("dialog", lambda dialog: said.append(dialog.message))
    yield context
    context.close()


def test_an_admin_finds_and_stops_a_worm(tmp_path: Path) -> None:
    """The verdict appears, quarantine is switched on and seen so in a second tab, the mail comes
    into the bay, is read and released, and arrives; without script, forms do the same."""
    said: list[str] = []
    with browser() as found, played(tmp_path) as site:
        with watched(found, said) as context:
            first, second = context.new_page(), context.new_page()
            first.goto(site.link)
            first.get_by_role("button", name="Log in").click()
            expect(first.get_by_text("Nobody: no client is suspect")).to_be_visible()
            second.goto(f"{site.base}/policies")
            site.let_worm_run(0.1)
            see_the_verdict(first)
            switch_quarantine(first, second, site)
            read_and_release(first, site)
            second.close()
            nothing_runs_of_what_is_hostile(first, site)
            judge_all_pages(first, site)
        with watched(found, said, script=False) as context:
            forms_do_the_same(context.new_page(), site)
        it_dies_alone(site)
    assert said == []


def see_the_verdict(page: Page) -> None:
    """It comes to the page by itself."""
    row = page.get_by_role("row").filter(has_text=ADDRESS)
    expect(row.get_by_text("infected")).to_be_visible()


def switch_quarantine(page: Page, other: Page, site: Played) -> None:
    """Whom it would hit is said before the click; the other tab sees it without a reload."""
    page.goto(f"{site.base}/policies")
    card = page.get_by_role("article", name=re.compile("^quarantine"))
    expect(card.get_by_text("Would act now on 1 client")).to_be_visible()
    card.get_by_role("button", name="Switch on quarantine").click()
    expect(page.get_by_role("status")).to_contain_text("quarantine is on")
    card = other.get_by_role("article", name=re.compile("^quarantine"))
    expect(card.get_by_text("Acts now on 1 client")).to_be_visible()
    expect(card.locator(".mode")).to_have_text("on")


def read_and_release(page: Page, site: Played) -> None:
    """It stands in the list once it is there; released, it reaches its exchange."""
    page.goto(f"{site.base}/mail")
    held = page.get_by_role("row").filter(has_text="the picture you wanted")
    held.first.get_by_role("link").first.click()
    expect(page.get_by_text("See the attachment.")).to_be_visible()
    expect(page.get_by_text("holiday.jpg.exe").first).to_be_visible()
    to = page.get_by_role("row").filter(has_text="@victim").get_by_role("cell").first.inner_text()
    page.get_by_label("Reason, for the record").fill("wanted after all")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text(re.compile(r"release, by \S+: wanted after all"))).to_be_visible()
    check.eventually(lambda: to in site.outside.delivered)
    expect(page.get_by_role("cell", name="released", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name=re.compile("250"))).to_be_visible()


def nothing_runs_of_what_is_hostile(page: Page, site: Played) -> None:
    """Neither a script nor an image of a mail, nor what its subject has in it."""
    site.stop_worm()
    message = EmailMessage()
    message["From"], message["To"] = "eve@other.example", "bob@victim1.example"
    message["Subject"] = HOSTILE
    message.set_content(f"<p>Dear Bob{HOSTILE}<a href='javascript:alert(2)'>click</a>", "html")
    with (
        smtplib.SMTP(
            BAY, site.outside.smtp_port, local_hostname="localhost", source_address=(ADDRESS, 0)
        ) as server,
        suppress(smtplib.SMTPDataError),
    ):  # it is kept, and put off
        server.send_message(message)
    page.goto(f"{site.base}/mail?state=all")
    page.get_by_role("row").filter(has_text="onerror").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("\\u202e<script>")
    page.get_by_text("Its HTML").click()
    expect(page.frame_locator("iframe").get_by_text("Dear Bob")).to_be_visible()


def judge_all_pages(page: Page, site: Played) -> None:
    """Nobody is kept out: axe finds nothing, light or dark, wide or narrow."""
    for number in range(20):
        site.ask(f"www{number % 7}.example.org")
    message = check.eventually(lambda: page.url.rpartition("/mail/")[2])
    places = {
        "site": "/",
        "clients": "/clients",
        "client": f"/clients/{ADDRESS}",
        "mail": "/mail?state=all",
        "message": f"/mail/{message}",
        "policies": "/policies",
        "log": "/log",
        "access": "/access",
        "trace": f"/trace?client={ADDRESS}&name=victim1.example&type=MX",
    }
    faults = []
    for name, place in places.items():
        page.goto(site.base + place)
        page.emulate_media(color_scheme="dark")
        faults += [f"{name}, dark: {one}" for one in judged(page, "color-contrast")]
        picture(page, f"{name}-dark")
        page.emulate_media(color_scheme="light")
        faults += [f"{name}: {one}" for one in judged(page)]
        picture(page, f"{name}-light")
        page.set_viewport_size({"width": 360, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            faults.append(f"{name}: wider than a telephone")
        page.set_viewport_size({"width": 1280, "height": 860})
    assert not faults


def it_dies_alone(site: Played) -> None:
    """Whatever happens to the console, DNS goes on, and it comes back."""
    before = console_of(site)
    os.kill(before, signal.SIGKILL)
    site.ask("www0.example.org")
    check.eventually(lambda: console_of(site) not in (0, before))


def console_of(site: Played) -> int:
    """Give the number of the console's process; 0 while there is none."""
    for pid in children(site.site.process.pid):
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().startswith("dnswatch-consol"):
                return pid
    return 0


def judged(page: Page, *rules: str) -> list[str]:
    """Ask axe what is wrong with a page, by all rules or some."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    wanted: dict[str, object] = {"resultTypes": ["violations"], "iframes": False}
    if rules:
        wanted["runOnly"] = rules
    found = page.evaluate("wanted => axe.run(document, wanted)", wanted)
    return [
        f"{one['id']}: {one['help']} ({', '.join(node['html'][:120] for node in one['nodes'])})"
        for one in found["violations"]
    ]


def picture(page: Page, name: str) -> None:
    """Make a picture for the documentation, where that was asked for."""
    if folder := os.environ.get("DNSWATCH_PICTURES"):
        Path(folder).mkdir(exist_ok=True)
        page.wait_for_timeout(300)
        page.screenshot(path=Path(folder, f"{name}.png"))


def forms_do_the_same(page: Page, site: Played) -> None:
    """Without script: a policy off, a client trusted for a while, and both in the log."""
    with Register(site.site.state) as register:
        secret = register.make_link("carol", Rank.ADMIN, clock.now())
    page.goto(f"{site.base}/link/{secret}")
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{site.base}/policies")
    page.get_by_role("button", name="Switch off quarantine").click()
    expect(page.get_by_role("status")).to_have_text("ordered: quarantine is off, within a second")
    page.goto(f"{site.base}/clients?q={PERSON}")
    page.get_by_role("link", name=PERSON, exact=True).click()
    form = page.get_by_role("button", name="Trust").locator("xpath=ancestor::form")
    form.get_by_label("Reason").fill("my own")
    form.locator("select[name=for]").select_option("2h")
    page.get_by_role("button", name="Trust", exact=True).click()
    expect(page.get_by_text("trust by carol: my own, until")).to_be_visible()
    page.goto(f"{site.base}/log?about=overrule")
    expect(page.get_by_role("row").filter(has_text="carol")).to_contain_text("my own")
