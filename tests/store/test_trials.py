"""What a policy would have done to what is stored."""

from math import inf
from pathlib import Path

from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.reading import read
from dnswatch.settings import read as read_settings
from dnswatch.store import Store, clients, orders
from dnswatch.store.trials import Trial, marks_now, shown, try_out
from tests import records
from tests.model.policies.texts import policy, shipped

NOTHING = read_settings("", "f")
BAY = read_settings('quarantine = {i_have_authority = true, addresses = ["192.0.2.1"]}', "f")


def trial(state: Path, text: str, settings: str = "", client: str = "10.0.0.66") -> Trial:
    """Try a policy on a client of the recorded site."""
    with Store.read(state) as store, store.snapshot() as db:
        ids = [each.id for each in clients.clients(db) if each.key == client]
        return try_out(db, read(text, "f"), read_settings(settings, "f"), ids, 0.0)


def recorded(tmp_path: Path) -> Path:
    records.record(tmp_path, records.site(), until=700)
    return tmp_path


def test_the_delay_lets_five_mail_domains_through(tmp_path: Path) -> None:
    """Of ten new mail domains within ten minutes five pass; the rest wait and are refused."""
    found = trial(recorded(tmp_path), shipped("delay"))
    asked = {lookup.domain: outcome for lookup, outcome in found.outcomes if lookup.kind == "mx"}
    assert list(asked.values()) == ["passed"] * 5 + ["SERVFAIL after 4.0 s"] * 5
    assert sum(found.sums.values()) == len(found.outcomes)
    assert found.sums["refused"] >= 5


def test_quarantine_rewrites_and_exempt_domains_pass(tmp_path: Path) -> None:
    """All that leads to an exchange is rewritten, what is exempt is not, nor is an error."""
    state = recorded(tmp_path)
    found = trial(state, shipped("quarantine"), "policies.exempt = ['victim3.example']")
    for lookup, outcome in found.outcomes:
        is_touched = "victim3" not in lookup.domain and not lookup.rcode
        assert outcome == ("rewritten" if is_touched else "passed"), lookup


def test_a_declared_server_would_not_be_touched(tmp_path: Path) -> None:
    """For a declared mail server every policy lets everything pass."""
    text = "roles.mail_servers = ['10.0.0.66']"
    assert set(trial(recorded(tmp_path), shipped("delay"), text).sums) == {"passed"}


def test_marks_as_they_are_now(tmp_path: Path) -> None:
    """Whom policies act on follows from what is on, the verdicts, and what persons said."""
    policies = [read(policy(), "f")]
    with Store.open(tmp_path) as store, store.snapshot() as db:
        orders.overrule(db, ["10.0.0.6"], Overrule(Word.DISTRUST, 1.0, inf))
        assert marks_now(db, policies, NOTHING, 2.0, 0.0) == []
        orders.enable(db, "slow", "alice", 1.0)
        assert [shown(mark.client) for mark in marks_now(db, policies, BAY, 2.0, 0.0)] == [
            "10.0.0.6"
        ]
