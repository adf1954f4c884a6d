"""Lines of Zeek: text and JSON tell the same, and broken ones are told apart."""

from dnswatch.sources.zeek.lines import is_begun, rows
from tests.sources.zeek.logs import CONN, DNS, SMTP


def test_logs_are_recognised() -> None:
    """By their first line, in either form."""
    assert all(map(is_begun, (DNS, CONN, SMTP)))
    assert not is_begun(b'{"a": 1}\n')
    assert not is_begun(b"ts,te\n")


def test_text_becomes_rows() -> None:
    """What is unset is absent."""
    told = list(rows(DNS.splitlines(keepends=True)))
    assert len(told) == 4
    assert told[2] is not None
    assert told[2]["query"] == "lost.example.org"
    assert "rcode" not in told[2]


def test_json_becomes_rows() -> None:
    """Numbers, lists and truth as text."""
    line = b'{"ts": 1.5, "RD": true, "AA": false, "answers": ["a", "b"], "rtt": null}\n'
    assert list(rows([line])) == [{"ts": "1.5", "RD": "T", "AA": "F", "answers": "a,b"}]


def test_another_separator_is_obeyed() -> None:
    """The first line names it."""
    told = list(rows([b"#separator \\x7c\n", b"#fields|ts|uid\n", b"1|C1\n", b"2|(empty)\n"]))
    assert told == [{"ts": "1", "uid": "C1"}, {"ts": "2", "uid": ""}]


def test_lines_that_cannot_be_read_are_told() -> None:
    """Too few columns, broken JSON, a last line that was being written."""
    lines = [b"#separator \\x09\n", b"#fields\tts\tuid\n", b"1\n", b"{no\n", b"1\tC1"]
    assert list(rows(lines)) == [None, None, None]
