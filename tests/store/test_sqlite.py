"""sqlite-utils brings nothing along that a server and its commands do not need."""

import subprocess
import sys

from tests.check import PATIENCE
from tests.live.site import environment

PROGRAM = """
import sys
import dnswatch.bay.process, dnswatch.cli.report, dnswatch.cli.status, dnswatch.serve.supervisor
print(*{"numpy", "pandas", "pyarrow"} & set(sys.modules))
import numpy
"""


def test_no_process_of_the_resolver_loads_what_only_the_study_needs() -> None:
    """A server and its commands cost the same whether or not the study's libraries are installed,
    and whoever needs those later still gets them."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment(), capture_output=True, timeout=PATIENCE
    )
    assert (done.stdout.split(), done.stderr, done.returncode) == ([], b"", 0)
