"""What the shell completes."""

from collections.abc import Callable

import pytest

from dnswatch.cli import completion


@pytest.mark.parametrize(
    ("complete", "typed", "words"),
    [
        (completion.policies, "qu", ["quarantine"]),
        (completion.roles, "", ["client", "mail-server", "resolver", "server"]),
    ],
)
def test_names_that_begin_so_are_offered(
    complete: Callable[[str], completion.Words],
    typed: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In either case of letters; nothing where nothing fits."""
    monkeypatch.delenv("DNSWATCH_CONFIG", raising=False)
    assert [word for word, _ in complete(typed)] == words
