"""Parquet: a data set of the campus (docs/dataset.md), with the truth beside it.

DIR/observations/, DIR/flows/     as anybody's data set
DIR/truth/hosts.parquet           address, role, name
DIR/truth/infections.parquet      address, worm, at
DIR/truth/mails.parquet           at, source, domain, exchange, worm, delivered
"""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from dnswatch.campus.campus import Campus
from dnswatch.campus.defences.acts import Contact
from dnswatch.campus.output.flows import mail_flow, web_flows
from dnswatch.campus.run.truth import Fate
from dnswatch.campus.site.browsing import Day
from dnswatch.model.flow import Flow
from dnswatch.model.observation import Observation
from dnswatch.sources.dataset import DataSet

_BATCH: Final = 4096
_TIME: Final = pa.timestamp("us", tz="UTC")
_DELIVERED: Final = frozenset((Fate.LEFT, Fate.INSIDE))


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
        self._write_truth()

    def _observe(self, seen: Observation) -> None:
        self._seen.append(seen)
        if len(self._seen) == _BATCH:
            self._set.observations.add(self._seen)
            self._seen.clear()

    def _connect(self, contact: Contact, is_made: bool) -> None:
        is_worm = contact.client in self._campus.truth.senders
        self._flows.append(mail_flow(contact, is_made, is_worm))
        if len(self._flows) == _BATCH:
            self._set.flows.add(self._flows)
            self._flows.clear()

    def _surf(self, day: Day, clients: Sequence[bytes]) -> None:
        self._set.flows.add(web_flows(day, clients))

    def _write_truth(self) -> None:
        truth = self._campus.truth
        self._write(
            "hosts", [("address", pa.string()), ("role", pa.string()), ("name", pa.string())],
            [(_text(one.address), one.role.value, one.name) for one in self._campus.site.hosts],
        )  # fmt: skip
        self._write(
            "infections", [("address", pa.string()), ("worm", pa.string()), ("at", _TIME)],
            [(_text(one.host), one.worm, _micros(one.at)) for one in truth.infections],
        )  # fmt: skip
        self._write(
            "mails",
            [("at", _TIME), ("source", pa.string()), ("domain", pa.string()),
             ("exchange", pa.string()), ("worm", pa.string()), ("delivered", pa.bool_())],
            [
                (_micros(one.at), _text(one.source), one.domain,
                 _text(one.exchange) if one.exchange else None, one.worm or None,
                 one.fate in _DELIVERED)
                for one in truth.mails
            ],
        )  # fmt: skip

    def _write(self, name: str, fields: list[tuple[str, Any]], rows: list[tuple[Any, ...]]) -> None:
        schema = pa.schema(fields)
        columns = list(zip(*rows, strict=True)) or [()] * len(fields)
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(columns, schema, strict=True)
        ]  # fmt: skip
        folder = self._directory / "truth"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / f"{name}.parquet")


def _text(address: bytes) -> str:
    return str(ip_address(address))


def _micros(at: float) -> int:
    return round(at * 1_000_000)
