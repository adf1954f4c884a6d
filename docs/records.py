"""Write the tables' part of records.md, and datasette.json, from what the store says of its tables.

`python docs/records.py` writes both; with `--check` it only says whether they are up to date.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from dnswatch.store.described import TABLES

PAGE = Path(__file__).with_suffix(".md")
METADATA = Path(__file__).with_name("datasette.json")
MARK = "<!-- From here on written by docs/records.py -->\n"


def main() -> str | None:
    """Write both files, or compare them; a returned text is the complaint."""
    hand, _, _ = PAGE.read_text().partition(MARK)
    wanted = {
        PAGE: hand + MARK + "\n" + "\n".join(tables()) + "\n",
        METADATA: json.dumps(metadata(), indent=1, ensure_ascii=False) + "\n",
    }
    for path, text in wanted.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            return f"{path} is out of date: run python {__file__}"
    return None


def tables() -> Iterator[str]:
    """Tell all tables, line by line."""
    yield "## Tables"
    for name, table in TABLES.items():
        yield from ("", f"### {name}", "", table.about, "", "| column | holds |", "| --- | --- |")
        yield from (f"| `{column}` | {said} |" for column, said in table.columns.items())


def metadata() -> dict[str, object]:
    """Make Datasette's metadata: https://docs.datasette.io/en/stable/metadata.html."""
    described = {
        name: {"description": table.about, "columns": dict(table.columns)}
        for name, table in TABLES.items()
    }
    return {
        "title": "dnswatch",
        "description": "The records of a site: what its clients looked up, and what came of it.",
        "databases": {"dnswatch": {"tables": described}},
    }


if __name__ == "__main__":
    sys.exit(main())
