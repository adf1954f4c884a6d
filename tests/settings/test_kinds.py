"""How values and kinds of values are said to a person."""

from typing import Any

import pytest

from dnswatch.settings import (
    Cache,
    Duration,
    Forward,
    Names,
    Records,
    Serve,
    Settings,
    Size,
    Upstream,
)
from dnswatch.settings.kinds import fields, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("two", '"two"'),
        ("x" * 70, f'"{"x" * 57}..."'),
        (True, "true"),
        (3, "3"),
        (1.5, "1.5"),
        (10**15, "a huge number"),
        (Duration(90.0), '"90s"'),
        (Duration(0.0015), '"0.0015s"'),
        (Duration(0), '"0"'),
        (Size(10**15), '"1000TB"'),
        (Size(0), '"0B"'),
        ([1], "a list"),
        ((), "an empty list"),
        ({}, "a table"),
    ],
)
def test_value_is_shown_as_it_would_be_written(value: object, text: str) -> None:
    """A value in an error looks as in the file; one that is long is cut or named."""
    assert shown(value) == text


@pytest.mark.parametrize(
    ("section", "key", "text"),
    [
        (Serve, "workers", "a whole number from 1 to 64"),
        (Upstream, "strategy", '"fastest" or "ordered"'),
        (Upstream, "ca_file", "a text in quotation marks"),
        (Names, "hosts", "a list, each a text in quotation marks, not empty"),
        (Names, "pointers", "true or false"),
        (Cache, "size", 'a size like "64MB" or "1GiB" from 1MB to 1TB'),
        (Records, "minutes", 'a duration like "800ms", "10s", "5m", "2h" or "7d" from 1m to 3650d'),
        (Forward, "domain", 'a domain like "corp.example" (non-ASCII names in their "xn--" form)'),
        (Settings, "groups", "a table"),
        (Settings, "serve", "a table"),
        (Settings, "forward", "a list, each a table"),
    ],
)
def test_every_kind_has_words(section: Any, key: str, text: str) -> None:
    """What a key takes is said in words, with its limits."""
    assert fields(section)[key].text == text
