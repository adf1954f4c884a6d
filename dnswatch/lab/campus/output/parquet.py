"""Parquet: a data set of the campus (docs/dataset.md), with the truth beside it.

DIR/observations/, DIR/flows/     as anybody's data set
DIR/truth/                        what really happened (`truth`)
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.defences.acts import Contact
from dnswatch.lab.campus.output.flows import flow_of, web_flows
from dnswatch.lab.campus.output.truth import write_truth
from dnswatch.lab.campus.site.browsing import Day
from dnswatch.model.flow import Flow
from dnswatch.model.observation import Observation
from dnswatch.sources.dataset import DataSet

_BATCH: Final = 4096


class Writing:
    """Writes what a campus does while it runs; the truth when it has ended."""

    def __init__(self, campus: Campus, directory: Path) -> None:
        """Begin a data set in `directory`, which must not hold one yet."""
        self._campus = campus
        self._directory = directory
        self._set = DataSet(directory)
        self._seen: list[Observation] = []
        self._flows: list[Flow] = []

    def __enter__(self) -> Self:
        """Begin to listen."""
        campus = self._campus
        campus.truth.keeps_mails = True
        campus.resolver.hear = self._observe
        campus.post.hear_passing = self._observe
        campus.post.hear = self._connect
        campus.web.sees = self._surf
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Write what is held back, and the truth."""
        with self._set:
            self._set.observations.add(self._seen)
            self._set.flows.add(self._flows)
        write_truth(self._campus, self._directory / "truth")

    def _observe(self, seen: Observation) -> None:
        self._seen.append(seen)
        if len(self._seen) == _BATCH:
            self._set.observations.add(self._seen)
            self._seen.clear()

    def _connect(self, contact: Contact, is_made: bool) -> None:
        is_worm = contact.client in self._campus.truth.senders
        self._flows.append(flow_of(contact, is_made, is_worm))
        if len(self._flows) == _BATCH:
            self._set.flows.add(self._flows)
            self._flows.clear()

    def _surf(self, day: Day, clients: Sequence[bytes]) -> None:
        self._set.flows.add(web_flows(day, clients, self._campus.outside))
