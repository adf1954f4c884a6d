"""The truth of a campus as files, beside whatever else it leaves.

DIR/hosts.parquet           address, role, name
DIR/infections.parquet      address, worm, at
DIR/mails.parquet           at, source, domain, exchange, worm, delivered

Mails are in it where the campus kept them (`truth.keeps_mails`).
"""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.run.truth import Fate

_TEXT: Final = pa.string()
_TIME: Final = pa.timestamp("us", tz="UTC")
_DELIVERED: Final = frozenset((Fate.LEFT, Fate.INSIDE))


def plain(address: bytes) -> str:
    """Write an address."""
    return str(ip_address(address))


def write_truth(campus: Campus, folder: Path, text: Callable[[bytes], str] = plain) -> None:
    """Write what really happened; `text` says under which address a host was seen."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = campus.truth
    _write(
        folder / "hosts.parquet", {"address": _TEXT, "role": _TEXT, "name": _TEXT},
        [(text(one.address), one.role.value, one.name) for one in campus.site.hosts],
    )  # fmt: skip
    _write(
        folder / "infections.parquet", {"address": _TEXT, "worm": _TEXT, "at": _TIME},
        [(text(one.host), one.worm, _micros(one.at)) for one in truth.infections],
    )  # fmt: skip
    _write(
        folder / "mails.parquet",
        {
            "at": _TIME, "source": _TEXT, "domain": _TEXT, "exchange": _TEXT, "worm": _TEXT,
            "delivered": pa.bool_(),
        },
        [
            (
                _micros(one.at), text(one.source), one.domain,
                plain(one.exchange) if one.exchange else None, one.worm or None,
                one.fate in _DELIVERED,
            )
            for one in truth.mails
        ],
    )  # fmt: skip


def _write(file: Path, fields: dict[str, pa.DataType], rows: list[tuple[Any, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(fields)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, fields.values(), strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields.items())), file)


def _micros(at: float) -> int:
    return round(at * 1_000_000)
