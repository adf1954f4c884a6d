"""What `--verbose` shows: dnswatch's own words in detail, of libraries only what is wrong."""

import subprocess
import sys
from typing import Final

SAYING: Final = """
import logging
from dnswatch.cli.serve import log_to_stderr
log_to_stderr(logging.DEBUG)
for name in ("dnswatch.proxy", "h2.connection", "hpack", "some.library", "asyncio"):
    logging.getLogger(name).debug("detail of %s", name)
    logging.getLogger(name).warning("trouble of %s", name)
"""


def test_libraries_tell_only_what_is_wrong() -> None:
    """A debug line of a library, whichever it is, is not shown; its warnings are."""
    said = subprocess.run(
        [sys.executable, "-c", SAYING], capture_output=True, text=True, check=True
    ).stderr
    assert [line.split("detail of ")[1] for line in said.splitlines() if "detail" in line] == [
        "dnswatch.proxy"
    ]
    assert said.count("trouble of") == 5
