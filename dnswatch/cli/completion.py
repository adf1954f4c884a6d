"""What the shell completes: names and addresses of clients, policies and roles.

A completion says nothing where it finds nothing: an error would stand in the middle of what
somebody types.
"""

from collections.abc import Iterable
from textwrap import shorten
from typing import Final

import typer

from dnswatch.errors import DnswatchError

Words = list[tuple[str, str]]
"""Each with what is told beside it."""

_NOTE: Final = 45
"""Characters of a note: as many as typer shows of a command."""


def clients(ctx: typer.Context, incomplete: str) -> Words:
    """Offer names and addresses of clients on record."""
    from dnswatch.cli.state import state_directory
    from dnswatch.store import Store
    from dnswatch.store import clients as stored

    try:
        with Store.read(state_directory(ctx.params.get("state"))) as store, store.snapshot() as db:
            pairs = stored.names(db)
    except DnswatchError:
        return []
    named = [(name, key) for key, name in pairs if name]
    return fitting([*named, *((key, name or "") for key, name in pairs)], incomplete)


def policies(incomplete: str) -> Words:
    """Offer the policies of the site."""
    from dnswatch.cli.options import policies_of, settings_of

    try:
        known, _ = policies_of(settings_of(None))
    except DnswatchError:
        return []
    return fitting(((name, policy.summary) for name, policy in known.items()), incomplete)


def roles(incomplete: str) -> Words:
    """Offer what a client may be for."""
    from dnswatch.model.role import Role

    return fitting(((role, "") for role in Role), incomplete)


def fitting(words: Iterable[tuple[str, str]], incomplete: str) -> Words:
    """Keep those that begin with what was typed, safe to print; notes fit on a line.

    What typer breaks into lines, fish takes for so many words to offer.
    """
    from dnswatch.cli.render import harmless

    return [
        (harmless(word), shorten(harmless(note), _NOTE, placeholder="..."))
        for word, note in words
        if word.lower().startswith(incomplete.lower())
    ]
