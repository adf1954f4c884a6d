"""What MAIL FROM and RCPT TO name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.smtp.path import DOMAIN, LOCAL, read_path

READ = {
    "TO:<a@b.example>": "a@b.example",
    "to: <a@b.example>": "a@b.example",
    "TO:a@b.example": "a@b.example",
    "TO:<>": "",
    "TO:<postmaster>": "postmaster",
    "TO:<@one.example,@two.example:a@b.example>": "a@b.example",
    'TO:<"a b>\\" c"@b.example>': '"a b>\\" c"@b.example',
    "TO:<a@[192.0.2.1]>": "a@[192.0.2.1]",
    "TO:<a@[IPv6:2001:db8::1]>": "a@[IPv6:2001:db8::1]",
    "TO:<jörg@b.example>": "jörg@b.example",
    "TO:<a..b@c.example>": "a..b@c.example",
    "TO:<.a@b.example>": ".a@b.example",
    "TO:<a.@b.example>": "a.@b.example",
    "TO:<a@b@c.example>": "a@b@c.example",
    "TO:<a(b):c,d;e\\f[g]@h.example>": "a(b):c,d;e\\f[g]@h.example",
    'TO:<a"b c"d@e.example>': 'a"b c"d@e.example',
    "TO:<o'neil+x=y@b-c.example.>": "o'neil+x=y@b-c.example.",
}
REFUSED = {
    "": "501",
    "<a@b.example>": "501",
    "FROM:<a@b.example>": "501",
    "TO:": "501",
    "TO:<a@b.example>x": "501",
    "TO:<a@b.example": "501",
    "TO:<a@b.example> =": "501",
    "TO:<a b>": "553",
    "TO:<a@b..example>": "553",
    "TO:<a b@c.example>": "553",
    "TO:<a\x1b[2J@b.example>": "553",
    "TO:<a@b.example\x00>": "553",
    "TO:<\udcff@b.example>": "553",
    f"TO:<{'a' * (LOCAL + 1)}@b.example>": "553",
    f"TO:<a@{'b' * (DOMAIN + 1)}>": "553",
}


@pytest.mark.parametrize("text", READ)
def test_address_is_read(text: str) -> None:
    """Every address that an exchange would know is taken, as it was written."""
    assert read_path("TO", text).address == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_address_is_refused(text: str) -> None:
    """What is no address gets 5xx; nothing with a control character or half a letter passes."""
    with pytest.raises(ValueError, match=REFUSED[text]):
        read_path("TO", text)


@pytest.mark.parametrize("name", ["root", "a..b", "www-data", '"a b"', "j\xf6rg"])
def test_an_address_needs_no_domain(name: str) -> None:
    """Scripts and printers write none, and servers take them: they know whose it is."""
    for keyword in ("FROM", "TO"):
        assert read_path(keyword, f"{keyword}:<{name}>").address == name
        assert read_path(keyword, f"{keyword}:{name}").address == name if " " not in name else True


def test_parameters_are_read() -> None:
    """Parameters stand after the address, in any case."""
    path = read_path("FROM", "FROM:<a@b.example> size=12 Body=8BITMIME SMTPUTF8")
    assert path.parameters == {"SIZE": "12", "BODY": "8BITMIME", "SMTPUTF8": ""}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything else than to be read, or refused with a reply."""
    try:
        said = read_path("TO", f"TO:{text}").address
    except ValueError as error:
        said = str(error)
    assert said.isprintable()
