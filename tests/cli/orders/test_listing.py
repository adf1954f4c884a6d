"""`dnswatch clients list`: who stands out, and who should perhaps be declared."""

from pathlib import Path

from dnswatch.codes import Type
from dnswatch.settings import read as read_settings
from dnswatch.store import Store
from dnswatch.store.store import Identity
from dnswatch.watchdog.judging import Judging
from tests.cli.conftest import Read, Run
from tests.records import NOON, asked, changes, plain

MAILER = "10.0.0.25"
TXT = 16


def works(state: Path, days: int = 4, name: str = "mail.corp.example") -> None:
    """Let a host work like a mail server: the same domains by day and night, PTR and TXT.

    Three others ask for its name.
    """
    judging = Judging(read_settings("", "test"), plain, NOON)
    with Store.open(state) as store:
        for hour in range(24 * days):
            at = 3600.0 * hour
            seen = [asked(at + n, MAILER, f"partner{n % 9}.example", Type.MX) for n in range(40)]
            seen += [asked(at + 50 + n, MAILER, f"{n}.example", TXT) for n in range(30)]
            seen += [asked(at + 90 + n, f"10.0.0.{n}", name, gives=[MAILER]) for n in range(1, 4)]
            told = changes(seen)
            judging.see(told, NOON + at + 100, lambda *_: None)
            store.write(told, plain, NOON + at + 100)


def test_a_host_that_works_like_a_mail_server_is_proposed(run: Run, state: Path) -> None:
    """Reasons stand with it, and the command that confirms; after it there is no proposal."""
    works(state)
    text = run("clients", "list")
    assert "of its MX questions are for domains it knows" in text
    assert "for it: others at the site ask for mail.corp.example" in text
    assert "against it: or a worm that was there from the beginning" in text
    assert f"to confirm: dnswatch clients role {MAILER} mail-server" in text
    assert "behaves like a mail server; if it is one: " in run("report", "--client", MAILER)
    run("clients", "role", MAILER, "mail-server")
    after = run("clients", "list")
    assert "to confirm" not in after
    assert "mail-server" in after
    assert "behaves like" not in run("report", "--client", MAILER)


def test_a_host_that_no_mail_comes_in_to_is_not_proposed(run: Run, state: Path) -> None:
    """A worm that was there from the beginning behaves like a server to the last lookup."""
    works(state, name="www.corp.example")
    text = run("clients", "list", exit_code=1)
    assert "to confirm" not in text
    assert "learning until 2026-12-07 12:00 UTC: nobody is judged yet" in text


def test_a_name_that_administrators_gave_is_a_sign(run: Run, state: Path) -> None:
    """A name in the hosts file or the reverse zone is, one that a lease tells is the machine's."""
    works(state, name="www.corp.example")
    for source, is_proposed in (("leases", False), ("pointers", True), ("hosts", True)):
        with Store.open(state) as store:
            identity = Identity("mx1.corp.example", None, source)
            store.write_identities([(MAILER, identity)])
        assert ("to confirm" in run("clients", "list", exit_code=not is_proposed)) is is_proposed


def test_programs_get_the_same(read: Read, run: Run, state: Path) -> None:
    """Clients with verdict, role and word, and proposals with their reasons."""
    works(state)
    run("clients", "distrust", "10.0.0.66", "--for", "2h", "--why", "spreading")
    told = read("clients", "list")
    [client] = told["clients"]
    assert (client["client"], client["verdict"], client["role"]) == (
        "10.0.0.66",
        "infected",
        "client",
    )
    assert (client["said"]["word"], client["said"]["why"]) == ("distrust", "spreading")
    assert client["until"] is not None
    [proposal] = told["proposals"]
    assert (proposal["client"], proposal["role"]) == (MAILER, "mail-server")
    assert proposal["against"][-1].startswith("or a worm that was there from the beginning")
    assert proposal["confirm"] == f"dnswatch clients role {MAILER} mail-server"
    assert read("report", "--client", MAILER)["behaves_like_mail_server"][MAILER]


def test_a_word_is_shown_with_who_said_it_and_why(run: Run) -> None:
    """Whoever reads the list knows whom to ask."""
    run("clients", "trust", "10.0.0.66", "--why", "newsletter")
    [line] = [line for line in run("clients", "list").splitlines() if "10.0.0.66" in line]
    assert "clean" in line
    assert "trust by " in line
    assert "newsletter" in run("clients", "list")


def test_what_a_policy_does_is_shown(run: Run, read: Read) -> None:
    """Whoever asks who is infected sees what happens to it, and `explain` says so too."""
    run("policy", "enable", "delay")
    run("clients", "distrust", "10.0.0.66")
    [client] = read("clients", "list")["clients"]
    assert client["policy"] == "delay"
    assert "delay" in run("clients", "list")
    assert "policies: delay" in run("explain", "--client", "10.0.0.66")


def test_a_site_where_nobody_stands_out_is_told(run: Run) -> None:
    """Nothing to show is a sentence, and exit code 1."""
    assert "no client stands out" in run("clients", "list", exit_code=1)
