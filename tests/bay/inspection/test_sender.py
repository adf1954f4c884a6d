"""Whether a client may be whom it says it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.inspection.checks import SenderChecks, owner
from dnswatch.settings import Domain
from tests.bay.inspection.letters import envelope, look


def sender() -> SenderChecks:
    """The site has corp.example; three domains of a client are too many."""
    return SenderChecks(local=[Domain("corp.example")], domains=2, window=60, now=lambda: 0)


def test_client_of_many_domains_forges_them() -> None:
    """Senders of many unrelated domains are suspicious; several names in one are not."""
    inspector = sender()
    senders = ["a@one.example", "b@mail.one.example", "c@two.example", "d@three.example", ""]
    said = [look(inspector, envelope(sender=text))[0] for text in senders]
    assert said == ["clean", "clean", "clean", "suspicious", "clean"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"sender": "a@corp.example", "helo": "pc7"}, "suspicious"),
        ({"sender": "a@corp.example", "helo": "mail.corp.example"}, "clean"),
        ({"sender": "a@else.example", "helo": "pc7"}, "clean"),
        ({"helo": "mx.there.example", "recipients": ("a@there.example",)}, "suspicious"),
        ({"helo": "pc.corp.example", "recipients": ("a@corp.example",)}, "clean"),
        ({"helo": "[192.168.1.7]"}, "clean"),
        ({"helo": "[192.168.1.8]"}, "suspicious"),
        ({"helo": "192.168.1.8"}, "suspicious"),
        ({"helo": "[IPv6:2001:db8::1]", "client": "2001:db8:0::1"}, "clean"),
        ({"helo": "", "sender": "@", "recipients": ("x",)}, "clean"),
    ],
)
def test_names_must_fit_together(fields: dict[str, str], says: str) -> None:
    """A local sender comes from a local name, and a name or address is not somebody else's."""
    said = look(sender(), envelope(**fields))
    assert said[0] == says, said


def test_owner_is_who_registered_a_domain() -> None:
    """Below a public suffix each domain has its own owner; what is no domain has none."""
    assert owner("mail.site.co.uk") == "site.co.uk"
    assert owner("co.uk") == owner("pc7") == owner("") == owner("a b") == owner("[::1]") == ""


@given(helo=st.text(), sent_from=st.text(), to=st.lists(st.text(), max_size=3))
def test_any_name_is_judged(helo: str, sent_from: str, to: list[str]) -> None:
    """Whatever a client calls itself, its sender and its recipients, there is an opinion."""
    said = look(sender(), envelope(helo=helo, sender=sent_from, recipients=tuple(to)))
    assert said[0] in ("clean", "suspicious")
