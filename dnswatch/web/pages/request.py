"""Console request: what a browser or a program wants of a page, whatever form it came in."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from dnswatch import clock
from dnswatch.errors import ConsoleError
from dnswatch.settings import Duration
from dnswatch.web.console import Console
from dnswatch.web.register import Visitor

MOST_TEXT = 500
"""Characters of a reason that a person types."""


@dataclass(frozen=True)
class ConsoleRequest:
    """What is asked, and by whom."""

    console: Console
    visitor: Visitor
    path: Mapping[str, str]
    "What stands in the path: whose page it is."
    values: Mapping[str, list[str]]
    "Of a page what stands behind `?`, of an order its form or its JSON."

    def text(self, name: str, otherwise: str = "", longest: int = MOST_TEXT) -> str:
        """Return what was given under a name, in short."""
        return (self.values.get(name) or [otherwise])[0].strip()[:longest]

    def many(self, name: str) -> list[str]:
        """Return all that were given under a name."""
        return self.values.get(name, [])

    def number(self, name: str, otherwise: int, most: int) -> int:
        """Return a whole number from 1 to `most`."""
        text = self.text(name)
        return min(most, max(1, int(text))) if text.isdecimal() and len(text) < 10 else otherwise

    @property
    def why(self) -> str:
        """The reason of an order."""
        return " ".join(self.text("why").split())

    def span(self, name: str, otherwise: str) -> float:
        """Return a duration in seconds; infinite for `all`."""
        text = self.text(name, otherwise) or otherwise
        if text == "all":
            return inf
        try:
            return float(Duration.parse(text))
        except ValueError as error:
            raise ConsoleError(f"'{text}': {error}") from None

    def until(self) -> float:
        """Return when an order ends, Unix seconds; infinite where `for` is empty."""
        return clock.now() + self.span("for", "all")


class Done(NamedTuple):
    """An order that was taken."""

    said: str
    "What was done, in a sentence."
    then: str
    "The page to go on with."
