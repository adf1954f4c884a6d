"""On which line of a file a key stands."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.settings.lines import Path, line_of

TEXT = '''# line 1
top = 1

[serve]
listen = [
    "127.0.0.1:53",  # the first
    # none
    "[::1]:53", "192.0.2.1:53",
]
text = """
[not.a.table]
x = 1
"""
dotted.key = 2

[[forward]]
domain = "a"
servers = [
    "x",
]
[[forward]]
inline = { a = 1, b = [
    1,
    2 ] }
[forward.below]
key = 3

[groups."a.b"]
"c d" = []
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("serve",), 4),
        (("serve", "listen"), 5),
        (("serve", "listen", 0), 6),
        (("serve", "listen", 2), 8),
        (("serve", "text"), 10),
        (("serve", "dotted", "key"), 14),
        (("forward",), 16),
        (("forward", 0, "servers", 0), 19),
        (("forward", 1), 21),
        (("forward", 1, "inline", "a"), 22),
        (("forward", 1, "inline", "b", 1), 24),
        (("forward", 1, "below", "key"), 26),
        (("groups", "a.b", "c d"), 29),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_of_every_shape_of_key(path: Path, line: int, newline: str) -> None:
    """Tables, lists of tables, dotted keys, inline tables and long lists: each key has its line."""
    assert line_of(TEXT.replace("\n", newline), path) == line


@pytest.mark.parametrize("path", [(), ("x",), ("serve", "x"), ("serve", "listen", 3), ("top", "x")])
def test_no_line_of_what_is_not_there(path: Path) -> None:
    """A key that is not in the text has no line."""
    assert line_of(TEXT, path) is None


def test_no_line_in_what_is_no_toml() -> None:
    """A text that cannot be read has no lines, and is no reason to fail."""
    assert line_of('x = "', ("x",)) is None


@given(st.lists(st.sampled_from(["k = 1", "# c", "", 'k = """\n\n"""', "k = [\n1,\n]"])))
def test_line_counts_all_that_stands_before(parts: list[str]) -> None:
    """Whatever stands before a key, its line is the one an editor shows."""
    before = "\n".join(part.replace("k", f"k{n}") for n, part in enumerate(parts))
    text = f"{before}\nwanted = 1\nlast = 2"
    assert line_of(text, ("wanted",)) == text.split("\n").index("wanted = 1") + 1


def paths(data: Any, path: Path = ()) -> list[Path]:
    """Every path of some data."""
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    below = [one for step, value in items for one in paths(value, (*path, step))]
    return [path, *below] if path else below


def test_every_key_has_a_line() -> None:
    """No key of a text is without a line."""
    assert all(line_of(TEXT, path) for path in paths(tomllib.loads(TEXT)))
