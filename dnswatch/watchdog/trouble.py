"""Trouble: something that fails for a while, said once when it begins and once when it ends."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dnswatch.errors import DnswatchError, StoreError

logger: Final = logging.getLogger("dnswatch.watchdog")


class Trouble:
    """One kind of work that may fail, and what to say of it."""

    def __init__(self, begins: str, ends: str) -> None:
        """Say `begins` with the error's text, and `ends`."""
        self._begins = begins
        self._ends = ends
        self._is_on = False
        self.damage: StoreError | None = None
        "The store's damage, which does not pass: the process says so, once for all its threads."

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch over one attempt; a `DnswatchError` passes on after it was said."""
        try:
            yield
        except DnswatchError as error:
            if isinstance(error, StoreError) and error.is_damaged:
                self.damage = error
            elif not self._is_on:
                logger.error("%s: %s", self._begins, error)
                self._is_on = True
            raise
        if self._is_on:
            logger.info("%s", self._ends)
        self._is_on = False
