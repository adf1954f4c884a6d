"""The command line before a store with records, as the other commands have it."""

from tests.cli.conftest import read, run, state

__all__ = ["read", "run", "state"]
