"""Where changes are told of, as a configuration says it."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import EventDestination, read

FILE = '[[events]]\nto = "file:/var/log/dnswatch/eve.json"\n'


@pytest.mark.parametrize(
    ("text", "scheme", "place"),
    [
        ("file:/var/log/eve.json", "file", "/var/log/eve.json"),
        ("syslog:udp://logs.example", "syslog:udp", "logs.example:514"),
        ("syslog:tcp://192.0.2.9", "syslog:tcp", "192.0.2.9:601"),
        ("syslog:tcp://[2001:db8::9]:1601", "syslog:tcp", "2001:db8::9:1601"),
        ("https://hooks.example/a?b=c", "https", "hooks.example:0"),
        ("http://127.0.0.1:9/", "http", "127.0.0.1:0"),
        ("http://[::1]:9/", "http", "::1:0"),
    ],
)
def test_where_to_tell(text: str, scheme: str, place: str) -> None:
    """A file by its path, a syslog server with its usual port, a webhook by its URL."""
    to = EventDestination(text)
    assert (to.scheme, to.path or f"{to.host}:{to.port}", str(to)) == (scheme, place, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file:eve.json",
        "file:/var/log/",
        "/var/log/eve.json",
        "syslog:udp://",
        "syslog://a",
        "syslog:tcp://a:0",
        "syslog:tcp://a:70000",
        "syslog:tcp://a/b",
        "http://hooks.example/",
        "https://",
        "https://user@hooks.example/",
        "https://a b/",
        "ftp://a/",
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    """Plain HTTP too, but to this machine: a verdict on a client crosses no network unencrypted."""
    with pytest.raises(ValueError, match="expected"):
        EventDestination(text)


def test_the_rest_of_a_webhooks_url_is_kept_out_of_messages() -> None:
    """It is often a secret."""
    assert EventDestination("https://hooks.example/T0/B0/x").shown == "https://hooks.example/…"


def test_a_selection_is_of_the_logs_kinds() -> None:
    """None means all."""
    assert read(FILE, "test").events[0].about == ()
    assert read(f'{FILE}about = ["verdict"]', "test").events[0].about == ("verdict",)
    with pytest.raises(SettingsError, match=r"verdict.*or.*warning"):
        read(f'{FILE}about = ["verdicts"]', "test")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'{FILE}about = ["mark"]\n{FILE}', r"as in events\[0\]"),
        ('[[events]]\nto = "https://hooks.example/"\n', "expected the file with the key"),
        (f'{FILE}secret = "/etc/key"', "only webhooks and services have one"),
        (f"{FILE}most = 0", "from 1 to 10000"),
    ],
)
def test_what_is_at_odds_is_refused(text: str, why: str) -> None:
    """In a sentence that names the key."""
    with pytest.raises(SettingsError, match=why):
        read(text, "test")


def test_mail_needs_a_relay() -> None:
    """Said when the configuration is read, with the key that names one."""
    with pytest.raises(SettingsError, match="smarthosts names no relay"):
        read('[[events]]\nto = "mailto:admin@corp.example"\n', "test")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('to = "mailto:a@b.example"\nform = "ecs"', "persons sentences"),
        ('to = "https://hooks.example/x"\nsecret = "/k"\nform = "cef"', "no JSON"),
        ('to = "syslog:udp://192.0.2.1"\nca_file = "/ca"', "not reached by TLS"),
        ('to = "syslog:tls://192.0.2.1"\nkey = "/k"', "no certificate that it is for"),
        ('to = "file:/x/y"\narguments = ["a"]', "only programs take some"),
        ('to = "apprise:chat"', "the file with the address"),
        ('to = "command:relative"', "expected"),
    ],
)
def test_a_key_that_does_not_fit_its_sink_is_refused(line: str, why: str) -> None:
    """When the configuration is read, not when the first verdict comes."""
    with pytest.raises(SettingsError, match=why):
        read(f"[[events]]\n{line}\n", "test")
