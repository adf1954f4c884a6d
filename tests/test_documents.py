"""The documents: whatever they name is there, files, modules, headings, commands and options."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer.main

from dnswatch.cli import app

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MODULES: Final = sorted((ROOT / "dnswatch").rglob("*.py"))
ROOMS: Final = "dnswatch|docs|tests|bench|policies|compose|packaging"

PATH: Final = re.compile(rf"`((?:{ROOMS})/[\w./-]+)`")
"""A file or folder of the project, as pages and docstrings name it."""
LINK: Final = re.compile(r"\]\((?!https?:)([^)\s#]*)(#[^)\s]+)?\)")
FENCE: Final = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LISTED: Final = re.compile(r"(?:^ {4}|(?<=\S) {4,})([a-z_]+)/? {2,}(?=\S)", re.MULTILINE)
"""A module in the list of a package's docstring: its name, then what it is for."""
CALL: Final = re.compile(r"(?:^|[`(]|\$ )(?:\.venv/bin/)?(dnswatch [a-z][^`\n|#>)…]*)")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_there(name: str) -> bool:
    """Say whether a path is there; a module may be named without its ending."""
    return any((ROOT / f"{name}{ending}").exists() for ending in ("", ".py"))


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {"#" + head.replace(" ", "-") for head in plain}


def test_what_pages_and_docstrings_name_is_there() -> None:
    """Files and folders of the project, by their path from its root."""
    lost = [
        f"{shown(place)}: {name}"
        for place in [*PAGES, *MODULES]
        for name in PATH.findall(place.read_text())
        if not is_there(name)
    ]
    assert not lost


def test_links_lead_somewhere() -> None:
    """To a file, and to a heading of it."""
    lost = []
    for page in PAGES:
        for name, anchor in LINK.findall(page.read_text()):
            target = page.parent / name if name else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                lost.append(f"{shown(page)}: {name}{anchor}")
    assert not lost


def test_packages_list_modules_that_are_there() -> None:
    """Below the first line of a package's docstring stand its modules and what each is for."""
    lost = []
    for path in MODULES:
        if path.name != "__init__.py" or path.parent == ROOT / "dnswatch":
            continue
        listed = LISTED.findall(ast.get_docstring(ast.parse(path.read_text())) or "")
        there = {each.stem for each in path.parent.iterdir()}
        lost += [f"{shown(path)}: {name}" for name in listed if name not in there]
    assert not lost


def test_nothing_is_installed_from_nowhere() -> None:
    """dnswatch is on no index: its extras are installed from its source tree."""
    lost = [
        shown(place)
        for place in [*PAGES, *MODULES]
        if re.search(r"pip install[^\n`]*dnswatch\[", place.read_text())
    ]
    assert not lost


def calls(page: Path) -> Iterator[str]:
    """The commands that a page shows, in its examples and in its text."""
    text = page.read_text()
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if found := CALL.match(line.strip()):
                yield found[1]
    yield from re.findall(r"`(dnswatch [a-z][^`\n]*)`", text)


def unknown(call: str) -> str | None:
    """Say which word of a command there is not."""
    try:
        words = shlex.split(re.split(r"\s[|>&#;…]|  ", call)[0])[1:]
    except ValueError:
        return None  # prose in quotation marks
    command = typer.main.get_command(app)
    while words and (known := getattr(command, "commands", None)):
        name = words.pop(0)
        if re.search(r"[^a-z-]|^-", name):
            return None  # `dnswatch bay ...`, `dnswatch --version`
        if name not in known:
            return name
        command = known[name]
    options = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    options.add("--help")
    for word in words:
        if word.startswith("--") and word.partition("=")[0].rstrip(",.;:]") not in options:
            return word
    return None


def test_commands_in_pages_can_be_given() -> None:
    """Each command that is shown is one, and so is each of its options."""
    lost = [
        f"{shown(page)}: {call}: no {word}"
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for call in calls(page)
        if (word := unknown(call))
    ]
    assert not lost
