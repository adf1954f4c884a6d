"""`dnswatch clients`: a person's word on clients."""

from pathlib import Path

import pytest

from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.store import Store, orders
from tests.cli.conftest import Run


def said(state: Path) -> dict[str, str]:
    """The words in force, by key."""
    with Store.read(state) as store, store.snapshot() as db:
        return {key: each.word.value for key, each in orders.read(db, 0.0).overrules.items()}


@pytest.mark.parametrize("word", ["clear", "trust", "distrust"])
def test_a_word_is_kept(run: Run, state: Path, word: str) -> None:
    """What is said of a client is in the store, with its reason, and the answer repeats it."""
    assert "10.0.0.66: " in run("clients", word, "10.0.0.66", "--why", "for a reason")
    assert said(state) == {"10.0.0.66": word}
    log = run("log", "--client", "10.0.0.66")
    assert "for a reason" in log


def test_a_word_may_come_before_the_first_lookup(run: Run, state: Path) -> None:
    """An address needs no records; a name does."""
    run("clients", "distrust", "10.0.0.200")
    assert said(state) == {"10.0.0.200": "distrust"}
    assert "no client 'nobody' is on record" in run("clients", "trust", "nobody", exit_code=1)


def test_a_network_is_all_its_clients_on_record(run: Run, state: Path) -> None:
    """One word for several clients is a word on each."""
    run("clients", "trust", "10.0.0.0/30", "--for", "2h")
    assert said(state) == {"10.0.0.1": "trust", "10.0.0.2": "trust"}


def test_a_declared_server_cannot_be_distrusted(run: Run, state: Path, tmp_path: Path) -> None:
    """The command says where it is declared, and nothing is kept."""
    config = tmp_path / "dnswatch.toml"
    config.write_text('roles.mail_servers = ["10.0.0.25"]')
    arguments = ["clients", "distrust", "10.0.0.25", "--config", str(config)]
    assert "declared as mail-server" in run(*arguments, exit_code=1)
    assert said(state) == {}


def test_a_role_is_confirmed(run: Run, state: Path) -> None:
    """A confirmed role is kept, and a slip of the hand is named."""
    assert "10.0.0.66: mail-server from now on" in run(
        "clients", "role", "10.0.0.66", "mail-server"
    )
    with Store.read(state) as store, store.snapshot() as db:
        assert orders.read(db, 0.0).roles == {"10.0.0.66": "mail-server"}
    assert "expected one of client, mail-server" in run(
        "clients", "role", "10.0.0.66", "server2", exit_code=2
    )


def test_with_pseudonyms_no_address_is_kept(run: Run, state: Path, tmp_path: Path) -> None:
    """Where the site wants pseudonyms, the word stands under one."""
    config = tmp_path / "dnswatch.toml"
    config.write_text("privacy.pseudonyms = true")
    pseudonym = Pseudonyms.load(state).of(b"\n\0\0\x42")
    run("clients", "trust", "10.0.0.66", "--config", str(config))
    assert pseudonym in said(state)


@pytest.mark.parametrize("span", ["2x", "-1h", "soon"])
def test_a_span_that_is_none(run: Run, span: str) -> None:
    """A wrong duration is refused with an example."""
    assert "a duration like" in run("clients", "trust", "10.0.0.66", "--for", span, exit_code=2)
