"""Mail notes: the log hears that a client's mail in the holding bay is a worm, or may be one.

Once a day for each client and verdict: a worm sends thousands, and each stands in the bay's own
records.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from dnswatch.model.finding import Finding
from dnswatch.model.policies.note import About, Note
from dnswatch.names.hostname import pack

AGAIN: Final = 86_400.0
"""Seconds after which a client's mail is news again."""


class MailNotes:
    """What is noted of messages."""

    def __init__(self, address_of: Callable[[str], bytes | None]) -> None:
        """Note nothing yet; `address_of` gives the address that a client was seen at, packed."""
        self._address_of = address_of
        self._told: dict[tuple[str, str], float] = {}
        "Client's key and what was said of its mail, to when."
        self._notes: list[Note] = []

    def restore(self, told: Mapping[tuple[str, str], float]) -> None:
        """Take what the log has told already."""
        self._told.update(told)

    def see(self, findings: Iterable[Finding]) -> None:
        """Take in what the bay found."""
        for finding in findings:
            key, text = finding.client.decode(), SAID.get(finding.verdict)
            if text is None or finding.at < self._told.get((key, text), -AGAIN) + AGAIN:
                continue
            self._told[key, text] = finding.at
            cause = f"message {finding.ident}: {finding.reason}"
            client = pack(key) or self._address_of(key)
            self._notes.append(Note(finding.at, About.MESSAGE, text, cause, client=client))

    def drain(self, now: float) -> list[Note]:
        """Return what is to be noted since the last time."""
        notes, self._notes = self._notes, []
        if notes:
            self._told = {one: at for one, at in self._told.items() if at > now - AGAIN}
        return notes


SAID: Final = {"worm": "mail is a worm", "unsure": "mail may be a worm"}
"""What the log says, by the verdict on the message."""
