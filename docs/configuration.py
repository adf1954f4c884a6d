"""Write the reference part of configuration.md from the settings themselves.

`python docs/configuration.py` writes it; with `--check` it only says whether it is up to date.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from dnswatch.settings import sections
from dnswatch.settings.kinds import Kind, fields, shown

PAGE = Path(__file__).with_suffix(".md")
_LIKE = re.compile(r' like ("[^"]*"(?:, "[^"]*")*(?: or "[^"]*")?)')
_NUMBER = re.compile(r"[0-9]{5,}")
MARK = "<!-- From here on written by docs/configuration.py -->\n"


def main() -> str | None:
    """Write the page, or compare it; a returned text is the complaint."""
    page = PAGE.read_text()
    hand, _, _ = page.partition(MARK)
    wanted = hand + MARK + "\n" + "\n".join(reference())
    if "--check" in sys.argv:
        return None if page == wanted else f"{PAGE} is out of date: run python {__file__}"
    PAGE.write_text(wanted)
    return None


def reference() -> Iterator[str]:
    """Tell all sections, line by line."""
    yield from ("## Reference", "", "Values with a form of their own:", "")
    yield from ("| value | like |", "| --- | --- |")
    yield from (f"| {value} | {examples} |" for value, examples in _forms().items())
    for name, kind in fields(sections.Settings).items():
        section = kind if kind.is_section or "[str" in str(kind.type) else kind.item()
        if section.is_section:
            yield from _section(f"[[{name}]]" if kind != section else f"[{name}]", section.type)
        else:
            yield from ("", f"### [{name}]", "")
            said = docstrings(sections.Settings)[name]
            yield said + '  Each key is a name, like `lab = ["192.0.2.0/26"]`.'


def _section(title: str, section: type) -> Iterator[str]:
    """Tell a section, and the ones in it below it."""
    said = docstrings(section)
    keys = fields(section)
    yield from ("", f"### {title}", "")
    yield from (inspect.getdoc(section) or "").splitlines()
    yield from ("", "| key | takes | default | for |", "| --- | --- | --- | --- |")
    for key, kind in keys.items():
        if not kind.is_section:
            yield f"| `{key}` | {_takes(kind)} | {_default(section, key)} | {said[key]} |"
    for key, kind in keys.items():
        if kind.is_section:
            yield from _section(f"{title[:-1]}.{key}]", kind.type)


def docstrings(section: type) -> dict[str, str]:
    """Find the text below each field of a section, and of what it is made from."""
    found: dict[str, str] = {}
    for one in reversed(section.__mro__):
        if one.__module__.startswith("dnswatch."):
            found |= _own_docstrings(one)
    return found


def _own_docstrings(section: type) -> dict[str, str]:
    (described,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(described, ast.ClassDef)
    found = {}
    for field, text in pairwise(described.body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=key)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                found[key] = words
    return found


def _forms() -> dict[str, str]:
    """Find the values that have a form, each with examples, so that they need be given but once."""
    found: dict[str, str] = {}
    for kind in _all_kinds(sections.Settings):
        plain = kind.item() if kind.text.startswith("a list") else kind
        examples = _LIKE.search(plain.text)
        if examples and '"' not in plain.text[: examples.start()]:
            found.setdefault(plain.text[: examples.start()], examples[1])
    return found


def _all_kinds(section: type) -> Iterator[Kind]:
    for kind in fields(section).values():
        inner = kind if kind.is_section or kind.text == "a table" else None
        if inner is None and kind.text.startswith("a list"):
            inner = kind.item() if kind.item().is_section else None
        if inner is None:
            yield kind
        elif inner.is_section:
            yield from _all_kinds(inner.type)


def _takes(kind: Kind) -> str:
    """Say what a key takes; examples stand above, and large numbers can be read."""
    text = _NUMBER.sub(lambda found: f"{int(found[0]):,}", _LIKE.sub("", kind.text))
    return f"{text}: {kind.range.why}" if kind.range else text


def _default(section: Any, key: str) -> str:
    value = next(one for one in msgspec.structs.fields(section) if one.name == key).default
    if value is msgspec.NODEFAULT:
        return "must be given"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(shown, value))}]`"
    return f"`{shown(value)}`"


if __name__ == "__main__":
    sys.exit(main())
