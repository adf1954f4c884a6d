"""Machines from the kernel's neighbour table."""

import os
import shutil
import subprocess
import sys

import pytest

TABLE = """
ip link add site type veth peer name other
ip link set site up
ip link set other up
ip neigh add 192.0.2.7 lladdr 02:00:5e:10:00:07 nud reachable dev site
ip neigh add 2001:db8::7 lladdr 02:00:5e:10:00:07 nud stale dev site
ip neigh add 192.0.2.8 lladdr 02:00:5e:10:00:08 nud permanent dev site
ip neigh add 192.0.2.9 lladdr 02:00:5e:10:00:09 nud noarp dev site
ip neigh add 192.0.2.10 nud failed dev site
"""
READ = """
from ipaddress import ip_address
from dnswatch.names.neighbours import Neighbours
print(*sorted(f"{ip_address(one)} {mac}" for one, mac in Neighbours().read().items()), sep="\\n")
"""
FAIL = """
import logging, resource, sys
from dnswatch.names.neighbours import Neighbours
logging.basicConfig(format="%(message)s", stream=sys.stdout, level=logging.INFO)
neighbours, bounds = Neighbours(), resource.getrlimit(resource.RLIMIT_NOFILE)
for files in (0, 0, bounds[0], bounds[0]):
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, bounds[1]))
    found = neighbours.read()
    print("found" if files else len(found))
"""


def run(*command: str) -> str:
    """Run a program that finds dnswatch as we do; return what it printed."""
    path = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=path)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"),
    reason="a network namespace needs root, and the programs ip and unshare",
)
def test_arp_and_ndp_are_read_in_one() -> None:
    """Each machine that answered has its MAC address, at IPv4 and IPv6 addresses alike."""
    script = f"set -e\n{TABLE}\nexec {sys.executable} -c '{READ}'"
    assert run("unshare", "--net", "sh", "-c", script).splitlines() == [
        "192.0.2.7 02:00:5e:10:00:07",
        "192.0.2.8 02:00:5e:10:00:08",
        "2001:db8::7 02:00:5e:10:00:07",
    ]


def test_no_table_is_said_once() -> None:
    """Where the kernel gives no socket there are no machines; the log says it once, and the end."""
    assert run(sys.executable, "-c", FAIL).splitlines() == [
        "the kernel's neighbour table cannot be read: Too many open files; IPv4 and IPv6 addresses"
        " of one machine are separate clients until then; names.neighbours = false leaves the"
        " table alone",
        "0",
        "0",
        "the kernel's neighbour table can be read again",
        "found",
        "found",
    ]
