"""Programs of others that judge dnswatch, or stand behind it."""

import os
import shutil
import subprocess
from typing import Final

import pytest

from tests.check import PATIENCE

PACKAGES: Final = {
    "chromium": "chromium",
    "clamd": "clamav-daemon",
    "dig": "bind9-dnsutils",
    "delv": "bind9-dnsutils",
    "docker-compose": "docker-compose",
    "dnsdist": "dnsdist",
    "dpkg-deb": "dpkg",
    "dnsperf": "dnsperf",
    "getent": "libc-bin",
    "haproxy": "haproxy",
    "ip": "iproute2",
    "kdig": "knot-dnsutils",
    "nft": "nftables",
    "nsd": "nsd",
    "nsenter": "util-linux",
    "postfix": "postfix",
    "postqueue": "postfix",
    "rspamd": "rspamd",
    "setpriv": "util-linux",
    "promtool": "prometheus",
    "swaks": "swaks",
    "systemd-analyze": "systemd",
    "unbound": "unbound",
    "unshare": "util-linux",
}
"""The Debian package that each program comes in."""


def need(program: str) -> str:
    """Find a program; without it the test is skipped by name, or fails where all must run."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found:
        return found
    return lacking(f"{program} (Debian package {PACKAGES[program]})")


def lacking(what: str) -> str:
    """Skip the test for want of something; fail it where `DNSWATCH_REQUIRE_ALL` is set."""
    if os.environ.get("DNSWATCH_REQUIRE_ALL"):
        pytest.fail(f"needs {what}", pytrace=False)
    pytest.skip(f"needs {what}")


def run(program: str, *arguments: str) -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(
        [need(program), *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return done.stdout + done.stderr
