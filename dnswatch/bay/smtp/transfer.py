"""The transfer: a message goes from the connection to the spool, piece by piece."""

from typing import Final

from dnswatch.bay.room import Claim
from dnswatch.bay.smtp.content import Content
from dnswatch.bay.spool import Draft
from dnswatch.bay.trace import Trace
from dnswatch.errors import SpoolError

_END: Final = b"\r\n.\r\n"
_PATIENCE: Final = 2
"""A message that is too long is read to its end, up to so many times what it may have."""


class Transfer:
    """A message on its way in."""

    def __init__(self, draft: Draft, limit: int, claim: Claim, trace: Trace) -> None:
        """Take a message of up to `limit` bytes into `draft`."""
        self.draft = draft
        self.has_bare_newlines = False
        self.is_ambiguous = False
        "What is one message to us could be two to another server."
        self.is_too_long = False
        self.is_endless = False
        "Its end is not waited for."
        self.is_circle = False
        "It has passed too many servers."
        self.trouble: SpoolError | None = None
        "Why the spool did not take it."
        self._limit = limit
        self._claim = claim
        self._trace = trace
        self._content = Content()
        self._size = 0
        # The line end of the DATA command, so that a message without lines ends like any other.
        self._kept = b"\r\n"

    def feed(self, data: bytes) -> bytes | None:
        """Take what came; return what follows the message, None while it has no end."""
        seen = self._kept + data
        end = seen.find(_END)
        is_last = end >= 0
        # The end may begin in one piece and close in the next.
        cut = end + 2 if is_last else max(0, len(seen) - len(_END) + 1)
        text = self._content.feed(seen[:cut])
        if is_last:
            text += self._content.finish()
        self._kept = seen[cut:]
        self._size += len(text)
        self.is_too_long |= self._size > self._limit
        self.is_endless = self._size > _PATIENCE * self._limit + len(_END)
        self._trace.feed(text)
        self._write(text)
        if not is_last:
            return b"" if self.is_endless else None
        self.has_bare_newlines = self._content.has_bare_newlines
        self.is_circle = self._trace.is_circle()
        self.is_ambiguous = self._content.has_lone_dot
        return seen[end + len(_END) :]

    def _write(self, text: bytes) -> None:
        if self.is_too_long or self.trouble:
            return
        try:
            if not self._claim.write(len(text)):
                raise SpoolError(
                    "the rest of its disk is not for mail (bay.limits.room)", full=True
                )
            self.draft.write(text)
        except SpoolError as error:
            self.trouble = error
