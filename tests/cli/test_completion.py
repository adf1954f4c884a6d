"""What the shell completes."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from dnswatch.cli import app, completion


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


@pytest.mark.parametrize(
    ("shell", "typed"),
    [
        ("bash", {"COMP_WORDS": "dnswatch policy enable ", "COMP_CWORD": "3"}),
        (
            "fish",
            {
                "_TYPER_COMPLETE_ARGS": "dnswatch policy enable ",
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            },
        ),
    ],
)
def test_what_the_script_asks_for_is_one_word_a_line(shell: str, typed: dict[str, str]) -> None:
    """A note that is too long for its line is cut, so that no rest of it is offered as a word."""
    typed |= {"_DNSWATCH_COMPLETE": f"complete_{shell}", "COLUMNS": "80"}
    told = CliRunner(env=typed).invoke(app, prog_name="dnswatch").output
    words = [line.partition("\t")[0] for line in told.splitlines()]
    assert words == [word for word, _ in completion.policies("")]
