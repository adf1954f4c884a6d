"""The page: the tables of a comparison, published between two marks of a page of the docs."""

import re
from pathlib import Path
from typing import Final

from dnswatch.errors import DnswatchError
from dnswatch.lab.campus.compare.results import Results
from dnswatch.lab.campus.compare.table import tables

BEGIN: Final = "<!-- comparison -->"
END: Final = "<!-- /comparison -->"


def publish(page: Path, results: Results, command: str) -> None:
    """Replace what stands between the marks."""
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise DnswatchError(f"cannot read '{page}': {error.strerror}") from None
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise DnswatchError(
            f"'{page}' has no place for the tables: it needs a line '{BEGIN}' and a line '{END}'"
        )
    parts = [f"```sh\n{command}\n```", *(table.markdown() for table in tables(results))]
    block = "\n\n".join([BEGIN, *(part.strip() for part in parts), END])
    page.write_text(pattern.sub(lambda _: block, text), encoding="utf-8")
