"""The programs of others that the benchmark needs, and where Debian has them."""

import os
import shutil
from typing import Final

from bench.errors import BenchError

PACKAGES: Final = {
    "dnsperf": "dnsperf",
    "unbound": "unbound",
    "dnsdist": "dnsdist",
    "cc": "gcc",
    "redis-server": "redis-server",
    "smtp-source": "postfix",
}
"""The Debian package that each program comes in."""

FOR_CONFORMANCE: Final = {
    "delv": "bind9-dnsutils",
    "dig": "bind9-dnsutils",
    "dnsmasq": "dnsmasq-base",
    "nsd": "nsd",
}
"""The same for what `bench.conformance` needs besides."""

_SERVERS_STAND_IN: Final = "/usr/sbin:/usr/local/sbin"
"Often not on a person's PATH."


def find(program: str) -> str:
    """Say where the program is, or raise a `BenchError` that says how to get it."""
    path = f"{os.environ.get('PATH', '')}:{_SERVERS_STAND_IN}"
    found = shutil.which(program, path=path)
    if found is None:
        wanted = [FOR_CONFORMANCE[program]] if program in FOR_CONFORMANCE else PACKAGES.values()
        raise BenchError(
            f"the benchmark needs {program}; on Debian:"
            f" apt-get install --no-install-recommends {' '.join(wanted)}"
        )
    return found
