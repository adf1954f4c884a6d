"""Rows as columns, for tables that a test writes by hand."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

Row = tuple[Any, ...]


def by_row(schema: pa.Schema) -> Callable[[Sequence[Row]], list[pa.Array]]:
    """Return what lays rows into the columns of a schema; structs are tuples there."""

    def lay(rows: Sequence[Row]) -> list[pa.Array]:
        columns = zip(zip(*rows, strict=True), schema, strict=True)
        return [
            pa.array([_told(one, field.type) for one in some], field.type)
            for some, field in columns
        ]

    return lay


def _told(value: Any, kind: pa.DataType) -> Any:
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return value
    names = [field.name for field in kind.value_type]
    return [dict(zip(names, one, strict=True)) for one in value]
