"""Mail hosts and mail addresses."""

import pytest

from dnswatch.settings.mail import MailAddress, MailHost, MailName


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mail.corp.example", "mail.corp.example", 25),
        ("mail.corp.example:587", "mail.corp.example", 587),
        ("192.0.2.25:2525", "192.0.2.25", 2525),
        ("[2001:db8::25]", "2001:db8::25", 25),
    ],
)
def test_mail_host_is_a_name_or_an_address(text: str, host: str, port: int) -> None:
    """Mail is handed to port 25 where no other is named."""
    found = MailHost(text)
    assert (found.host, found.port) == (host, port)
    assert MailHost(str(found)) == found


@pytest.mark.parametrize("text", ["", "a b", "host:0", "host:65536", "2001:db8::25", "a@b"])
def test_what_is_no_mail_host(text: str) -> None:
    """The error shows what a mail host looks like."""
    with pytest.raises(ValueError, match=r"mail\.corp\.example:25"):
        MailHost(text)


def test_mail_server_calls_itself_by_a_domain_name() -> None:
    """Case and the last dot say nothing; empty means that it has no name."""
    assert MailName("Mail-1.Corp.example.") == "mail-1.corp.example"
    assert MailName("") == ""


@pytest.mark.parametrize(
    "text", ["a b", "mail_1.corp.example", "-a.example", "a..b", "a.example\r\n250 x", "ä.example"]
)
def test_what_no_mail_server_may_call_itself(text: str) -> None:
    """What is no domain name would break the greeting, or be refused by exchanges."""
    with pytest.raises(ValueError, match=r"mail-hold\.corp\.example"):
        MailName(text)


@pytest.mark.parametrize("text", ["", "anna", "Anna <a@corp.example>", "a@b@c", "a b@c", "a@"])
def test_what_is_no_mail_address(text: str) -> None:
    """An address stands alone, without a name and brackets."""
    assert MailAddress(" postmaster@corp.example ") == "postmaster@corp.example"
    with pytest.raises(ValueError, match="a mail address like"):
        MailAddress(text)
