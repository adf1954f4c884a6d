"""Templates: pages as HTML; whatever is put into them is made harmless and escaped."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
import msgspec
from markupsafe import Markup

from dnswatch import clock
from dnswatch.office import wording
from dnswatch.office.text import harmless, iso, local, many, moment, recent, short, size
from dnswatch.web import drawing
from dnswatch.web.pages import client, site

LONGEST: Final = 4000
"""Characters of one text in a page: nobody reads more in a cell."""


def render(template: str, **values: Any) -> str:
    """Make a page of a template."""
    return _environment().get_template(f"{template}.html").render(values, now=clock.now())


def shown(value: object) -> object:
    """Write down a value as it stands in a page: no character of it commands anything."""
    if isinstance(value, str) and not isinstance(value, Markup):
        cut = value if len(value) <= LONGEST else f"{value[:LONGEST]} ..."
        return harmless(cut)
    return "" if value is None else value


def lines(text: str) -> Markup:
    """Write down a text of several lines, for `<pre>`."""
    plain = text.replace("\r\n", "\n").replace("\t", "    ")
    return Markup("\n").join(harmless(line) for line in plain.split("\n"))


def when(at: float) -> Markup:
    """Write a moment, short to read and whole to point at."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        iso(at), moment(at), recent(at, clock.now())
    )


def exactly(at: float) -> Markup:
    """Write a moment to the second."""
    return Markup('<time datetime="{}">{}</time>').format(iso(at), f"{local(at):%b %d %H:%M:%S}")


@cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "when": when,
        "exactly": exactly,
        "lines": lines,
        "short": short,
        "size": size,
        "path": lambda text: quote(text, safe=""),
        "moment": moment,
    }
    found.globals |= {
        "picture": site.picture,
        "ticks": site.ticks,
        "lanes": client.lanes,
        "many": many,
        "sparkline": drawing.sparkline,
        "with_query": _with_query,
        "as_json": _as_json,
        "figure_names": site.FIGURES,
        "measured": wording.measured,
    }
    return found


def _with_query(query: dict[str, str], **other: object) -> str:
    """Write a query with some values changed, so that a link carries what was chosen."""
    kept = {**query, **{name: str(value) for name, value in other.items()}}
    return "?" + urlencode({name: value for name, value in kept.items() if value})


def _as_json(value: object) -> str:
    return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
