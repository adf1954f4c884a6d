"""A data set of the campus (docs/dataset.md): lookups, flows, and the truth beside them.

DIR/observations/, DIR/flows/     as anybody's data set; flows as a router at the edge counts them
DIR/truth/                        what really happened, which stands beside other outputs as well:
    hosts.parquet                 address, role, name
    infections.parquet            address, worm, at
    mails.parquet                 at, source, domain, exchange, worm, delivered

Mails are in it where the campus kept them (`truth.keeps_mails`).
"""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.defences.acts import SeenContact
from dnswatch.lab.campus.run.truth import MailFate
from dnswatch.lab.campus.run.web import BrowsedDay
from dnswatch.lab.campus.world import HTTP, Outside
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.observation import Observation
from dnswatch.sources.dataset import DataSet

TCP: Final = 6
_PAGE: Final = (12, 9_000, 600, 1.5)
"""Packets and bytes both ways, payload that the client sent, and seconds, of a part of a page."""
_MAIL: Final = (24, 6_000, 4_000, 3.0)
_WORM: Final = (110, 112_000, 100_000, 8.0)
"""SoBig's mails had some 100 kB (ghewgill.livejournal.com/1945.html)."""
_REFUSED: Final = (3, 144, 0, 9.0)
"""Three SYNs, and nobody answers."""


def flow_of(contact: SeenContact, is_made: bool, is_worm: bool) -> Flow:
    """Return the flow of a mail, or of another connection of a worm."""
    made = _PAGE if contact.port == HTTP else _WORM if is_worm else _MAIL
    packets, size, payload, length = made if is_made else _REFUSED
    outcome = Outcome.SUCCESS if is_made else Outcome.FAILURE
    return Flow(
        contact.at,
        contact.client,
        contact.address,
        TCP,
        contact.port,
        outcome,
        contact.at + length,
        packets,
        size,
        payload,
    )


def web_flows(day: BrowsedDay, clients: Sequence[bytes], outside: Outside) -> Iterator[Flow]:
    """Yield the flows of a day on the web."""
    packets, size, payload, length = _PAGE
    columns = (column.tolist() for column in day)
    for at, client, site in zip(*columns, strict=True):
        yield Flow(
            at,
            clients[client],
            outside.web_address(site),
            TCP,
            outside.web_port(site),
            Outcome.SUCCESS,
            at + length,
            packets,
            size,
            payload,
        )


_TEXT: Final = pa.string()
_TIME: Final = pa.timestamp("us", tz="UTC")
_DELIVERED: Final = frozenset((MailFate.LEFT, MailFate.INSIDE))


def plain(address: bytes) -> str:
    """Write an address."""
    return str(ip_address(address))


def write_truth(campus: Campus, folder: Path, text: Callable[[bytes], str] = plain) -> None:
    """Write what really happened; `text` says under which address a host was seen."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = campus.truth
    _write(
        folder / "hosts.parquet",
        {"address": _TEXT, "role": _TEXT, "name": _TEXT},
        [(text(one.address), one.role.value, one.name) for one in campus.site.hosts],
    )
    _write(
        folder / "infections.parquet",
        {"address": _TEXT, "worm": _TEXT, "at": _TIME},
        [(text(one.host), one.worm, _micros(one.at)) for one in truth.infections],
    )
    _write(
        folder / "mails.parquet",
        {
            "at": _TIME,
            "source": _TEXT,
            "domain": _TEXT,
            "exchange": _TEXT,
            "worm": _TEXT,
            "delivered": pa.bool_(),
        },
        [
            (
                _micros(one.at),
                text(one.source),
                one.domain,
                plain(one.exchange) if one.exchange else None,
                one.worm or None,
                one.fate in _DELIVERED,
            )
            for one in truth.mails
        ],
    )


def _write(file: Path, fields: dict[str, pa.DataType], rows: list[tuple[Any, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(fields)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, fields.values(), strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields.items())), file)


def _micros(at: float) -> int:
    return round(at * 1_000_000)


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

    def _connect(self, contact: SeenContact, is_made: bool) -> None:
        is_worm = contact.client in self._campus.truth.senders
        self._flows.append(flow_of(contact, is_made, is_worm))
        if len(self._flows) == _BATCH:
            self._set.flows.add(self._flows)
            self._flows.clear()

    def _surf(self, day: BrowsedDay, clients: Sequence[bytes]) -> None:
        self._set.flows.add(web_flows(day, clients, self._campus.outside))
