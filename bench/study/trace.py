"""A trace as long as wanted: DuckDB makes it up by itself, day by day, the same in each run.

1,128 hosts look names up at an even pace; four in ten answers are followed by a flow within a
second.  Some names are asked for far more often than others, and each has an address of its own,
two million in all.  Five hosts turn to SMTP on day 12.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

import duckdb

DAYS: Final = 32
HOSTS: Final = 1128
ADDRESSES: Final = 2_000_000
BEGIN: Final = date(2003, 8, 5)

_FLOWS: Final = 0.4
"Flows for each lookup."
_OUTBREAK: Final = 12
_INFECTED: Final = 5

_LOOKUPS: Final = """
COPY (
  SELECT to_timestamp({begin} + i * {step} + ({day} * 86400)) AS "at",
         '10.0.' || (host // 250) || '.' || (host % 250) AS client,
         CAST(NULL AS VARCHAR) AS server,
         'h' || name || '.example.org' AS qname,
         CAST(1 AS USMALLINT) AS qtype, CAST(0 AS USMALLINT) AS rcode, 'upstream' AS origin,
         true AS recursion, false AS redirected,
         [{{'address': {address}, 'ttl': CAST([60, 300, 3600, 86400][1 + name % 4] AS UINTEGER)}}]
           AS addresses,
         CAST([] AS VARCHAR[]) AS exchanges, CAST(NULL AS UINTEGER) AS mx_ttl
  FROM ({rows})
) TO '{folder}/part-0000.parquet' (FORMAT parquet, COMPRESSION zstd)
"""

_FLOWS_AFTER: Final = """
COPY (
  SELECT to_timestamp({begin} + i * {step} + ({day} * 86400) + 0.001 * (hash(i) % 999)) AS "at",
         '10.0.' || (host // 250) || '.' || (host % 250) AS source,
         {address} AS destination,
         CAST(6 AS UTINYINT) AS protocol,
         CAST(CASE WHEN {day} >= {outbreak} AND host < {infected} THEN 25 ELSE 80 END AS USMALLINT)
           AS port,
         CASE WHEN hash(i + 7) % 10 = 0 THEN 'failure' ELSE 'success' END AS outcome,
         to_timestamp({begin} + i * {step} + ({day} * 86400) + 2) AS ended,
         CAST(10 AS UBIGINT) AS packets, CAST(5000 AS UBIGINT) AS bytes,
         CAST(1000 AS UBIGINT) AS payload
  FROM ({rows}) WHERE hash(i + 3) % 1000 < {part}
) TO '{folder}/part-0000.parquet' (FORMAT parquet, COMPRESSION zstd)
"""

_ROWS: Final = """
  SELECT i, hash(i + {day} * 1000003) % {hosts} AS host,
         CAST(pow(hash(i * 31 + {day}) % 1000003 / 1000003.0, 2) * {addresses} AS INTEGER) AS name
  FROM range({count}) AS r(i)
"""

_ADDRESS: Final = (
    "(100 + name // 16777216) || '.' || (name // 65536 % 256) || '.' || (name // 256 % 256)"
    " || '.' || (name % 256)"
)


def write(place: Path, lookups: int) -> int:
    """Write a data set with that many lookups; return how many flows it has."""
    daily = lookups // DAYS
    values = {
        "begin": f"epoch(DATE '{BEGIN}')",
        "step": 86_400 / daily,
        "address": _ADDRESS,
        "outbreak": _OUTBREAK,
        "infected": _INFECTED,
        "part": int(1000 * _FLOWS),
    }
    with duckdb.connect(config={"memory_limit": "2GB"}) as database:
        for day in range(DAYS):
            rows = _ROWS.format(day=day, hosts=HOSTS, addresses=ADDRESSES, count=daily)
            for table, query in (("observations", _LOOKUPS), ("flows", _FLOWS_AFTER)):
                folder = place / table / f"day={BEGIN + timedelta(days=day)}"
                folder.mkdir(parents=True, exist_ok=True)
                database.execute(query.format(**values, day=day, rows=rows, folder=folder))
        found = database.execute(f"SELECT count(*) FROM '{place}/flows/*/*.parquet'").fetchall()
    return int(found[0][0])
