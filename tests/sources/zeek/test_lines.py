"""Lines of Zeek: text and JSON tell the same, and broken ones are told apart."""

from dnswatch.sources.zeek.lines import Row, is_begun, rows
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
    assert told[2].told["query"] == "lost.example.org"
    assert "rcode" not in told[2].told
    assert "answers" not in told[2].lists
    assert {row.path for row in told if row} == {"dns"}


def test_json_becomes_rows() -> None:
    """Numbers and truth as text; a comma within a list's value is no end of it."""
    line = b'{"ts": 1.5, "RD": true, "AA": false, "answers": ["a,b", "c"], "rtt": null}\n'
    [row] = rows([line])
    assert row == Row("", {"ts": "1.5", "RD": "T", "AA": "F"}, {"answers": ["a,b", "c"]})


def test_times_in_milliseconds_are_told_by_their_size() -> None:
    """As Zeek writes them where JSON's times are set to `JSON::TS_MILLIS`."""
    [row] = rows([b'{"ts": 1780000000500, "_path": "dns"}'])
    assert row == Row("dns", {"ts": "1780000000.5", "_path": "dns"}, {})


HEADER = b"#separator \\x7c\n#set_separator|;\n#empty_field|none\n#unset_field|?\n#path|dns\n"


def test_header_lines_rule_the_reading() -> None:
    """What separates, what is empty, and what is unset; a second header rules from there on."""
    log = HEADER + (
        b"#fields|ts|query|answers\n#types|time|string|vector[string]\n"
        b"1|?|a;b\\x3bc\n2|none|none\n#close|2003\n#separator \\x09\n#fields\tts\tq\n3\t-\n"
    )
    assert list(rows(log.splitlines(keepends=True))) == [
        Row("dns", {"ts": "1"}, {"answers": ["a", "b;c"]}),
        Row("dns", {"ts": "2", "query": ""}, {"answers": []}),
        Row("", {"ts": "3"}, {}),
    ]


def test_a_row_may_begin_with_the_sign_of_headers() -> None:
    """A name as the first field, which begins with a #; a comment is passed over."""
    log = b"#separator \\x09\n#fields\tquery\tts\n#odd.example\t1\n# by hand\n"
    assert [row and row.told for row in rows(log.splitlines(keepends=True))] == [
        {"query": "#odd.example", "ts": "1"}
    ]


def test_lines_that_cannot_be_read_are_told() -> None:
    """Too few columns, broken JSON, brackets without end."""
    deep = b'{"a":' + b"[" * 100_000 + b"\n"
    lines = [b"#separator \\x09\n", b"#fields\tts\tuid\n", b"1\n", b"{no\n", deep]
    assert list(rows(lines)) == [None, None, None]


def test_a_last_line_may_lack_its_end() -> None:
    """It is read where it is whole: an editor, or `head -c`, may have taken the newline."""
    lines = [b"#separator \\x09\n", b"#fields\tts\tuid\n", b"1\tC1"]
    assert list(rows(lines)) == [Row("", {"ts": "1", "uid": "C1"}, {})]
    assert list(rows([b'{"ts": 1}'])) == [Row("", {"ts": "1"}, {})]
    assert list(rows([b'{"ts": 1'])) == [None]
