"""A store with records, and the command line before it, as the commands' tests have them."""

from tests.cli.conftest import read, run, state

__all__ = ["read", "run", "state"]
