"""What the shell completes of the laboratory."""

from collections.abc import Callable

import pytest

from dnswatch.lab.commands import completion


@pytest.mark.parametrize(
    ("complete", "typed", "words"),
    [
        (completion.scenarios, "my", ["mydoom-2004"]),
        (completion.worms, "MyD", ["mydoom"]),
        (completion.worms, "x", []),
    ],
)
def test_names_that_come_along_are_offered(
    complete: Callable[[str], list[tuple[str, str]]], typed: str, words: list[str]
) -> None:
    """In either case of letters; nothing where nothing fits."""
    assert [word for word, _ in complete(typed)] == words
