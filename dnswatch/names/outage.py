"""Outage: a source of names that cannot be read for a while."""

import logging
from typing import Final

logger: Final = logging.getLogger("dnswatch.names")


class Outage:
    """One source; says once when it fails, and once when it is back."""

    def __init__(self, source: str, mend: str) -> None:
        """Name the source, and what the admin can do."""
        self._source = source
        self._mend = mend
        self._is_on = False

    def begin(self, error: Exception) -> None:
        """Note a failure."""
        if not self._is_on:
            reason = getattr(error, "strerror", None) or str(error)
            logger.warning("%s cannot be read: %s; %s", self._source, reason, self._mend)
        self._is_on = True

    def end(self) -> None:
        """Note a success."""
        if self._is_on:
            logger.info("%s can be read again", self._source)
        self._is_on = False
