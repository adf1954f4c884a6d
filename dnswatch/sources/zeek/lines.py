"""Lines: a log of Zeek as rows, whichever way it was written.

Rules of this file: a row's values are text, a list's are joined by commas; what is unset is absent.
A line that cannot be read is told as None.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

Row = dict[str, str]

TEXT: Final = b"#separator"
"""What a log of tab-separated text begins with."""

_FIELD: Final = re.compile(rb'"(id\.orig_h|_path)"\s*:')


def is_begun(head: bytes) -> bool:
    """Tell whether a file begins as a log does."""
    return head.startswith(TEXT) or (head[:1] == b"{" and bool(_FIELD.search(head[:4096])))


def rows(lines: Iterable[bytes]) -> Iterator[Row | None]:
    """Read a log's lines."""
    fields: list[str] = []
    separator = "\t"
    for number, line in enumerate(lines):
        text = line.decode("utf-8", errors="backslashreplace").rstrip("\r\n")
        if not line.endswith(b"\n") and not text.startswith("#close") and number:
            yield None  # it was being written
        elif text.startswith("{"):
            yield _of_json(text)
        elif text.startswith("#separator"):
            separator = text.split(" ", 1)[-1].encode().decode("unicode_escape")
        elif text.startswith("#fields"):
            fields = text.split(separator)[1:]
        elif text and not text.startswith("#"):
            values = text.split(separator)
            yield _of_text(fields, values) if len(values) == len(fields) else None


def _of_text(fields: list[str], values: list[str]) -> Row:
    return {
        field: "" if value == "(empty)" else value
        for field, value in zip(fields, values, strict=True)
        if value != "-"
    }


def _of_json(text: str) -> Row | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return {field: _written(value) for field, value in found.items() if value is not None}


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
