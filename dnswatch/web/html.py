"""HTML of held mail: only what lays out text is left of it, and nothing that names a place.

The page that shows it has a policy which forbids it to load anything, and a frame without scripts;
this is the third lock: a preconnection or a look-up of a name is no load.
"""

from email.parser import BytesParser
from html import escape
from html.parser import HTMLParser
from typing import Final

from dnswatch.bay.queue.view import MOST_TEXT
from dnswatch.bay.text import leaf_of, roughly

KEPT: Final = frozenset(
    {
        "a",
        "abbr",
        "b",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "div",
        "dl",
        "dt",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
    }
)
_ATTRIBUTES: Final = frozenset(
    {"align", "bgcolor", "border", "color", "colspan", "dir", "lang", "rowspan", "valign"}
)
_SILENT: Final = frozenset(
    {"head", "script", "style", "template", "title", "svg", "math", "object", "iframe"}
)
_ALONE: Final = frozenset({"br", "hr", "col"})
_LONGEST: Final = 10 * MOST_TEXT


def html_of(data: bytes) -> str:
    """Return the first HTML part of a message, cleaned; empty where it has none.  Never raises."""
    try:
        mail = BytesParser().parsebytes(data)
        leaves = [leaf_of(part) for part in mail.walk() if not part.is_multipart()]
    except Exception:  # noqa: BLE001 parts without end, and whatever else breaks the parser
        leaves = list(roughly(data))
    found = next((one for one in leaves if one.kind == "text/html" and not one.is_attached), None)
    if found is None:
        return ""
    try:
        text = found.data.decode(found.charset or "utf-8", "replace")
    except (LookupError, ValueError):  # an encoding that nobody knows
        text = found.data.decode("utf-8", "replace")
    return cleaned(text[:_LONGEST])


def cleaned(html: str) -> str:
    """Return what may be shown of some HTML."""
    reader = _Cleaner()
    try:
        reader.feed(html)
    except Exception:  # noqa: BLE001 it raises anything on crooked declarations
        return escape(html)
    return "".join(reader.found)


class _Cleaner(HTMLParser):
    """Writes down what is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        if tag not in KEPT or self._silent:
            return
        kept = "".join(
            f' {name}="{escape(value or "")}"' for name, value in attrs if name in _ATTRIBUTES
        )
        self.found.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif tag in KEPT and tag not in _ALONE and not self._silent:
            self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(escape(data))
