"""The addresses to which no mail is sent, since it would come back."""

import asyncio
import subprocess
import sys

import pytest

from dnswatch.addresses import read as address
from dnswatch.bay.delivery.routes import OwnAddresses
from dnswatch.settings import read

LISTEN = '[bay]\nlisten = ["10.0.0.1", "10.0.0.2:2525"]\n'
BAY = f'quarantine.addresses = ["198.51.100.250"]\n{LISTEN}'
ANYWHERE = '[bay]\nlisten = ["0.0.0.0:2525"]\nrelease.port = 2525\nrelease.loopback = true\n'


def is_here(text: str, where: str) -> bool:
    """Ask whether an address would be ourselves."""
    return asyncio.run(OwnAddresses(read(text, "test")).is_here(address(where)))


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        (BAY, "198.51.100.250", True),
        (BAY, "10.0.0.1", True),
        (BAY, "10.0.0.2", False),  # it listens at another port there
        (BAY, "2002:a00:1::", True),
        (BAY, "64:ff9b::10.0.0.1", True),
        (BAY, "127.8.8.8", True),
        (BAY, "198.51.100.7", False),
        (f"{BAY}release.loopback = true", "127.0.0.1", False),
        (f"{BAY}release.loopback = true", "::ffff:198.51.100.250", True),
        (ANYWHERE, "127.0.0.1", True),
    ],
)
def test_addresses_that_are_the_bay_or_this_machine(text: str, where: str, expected: bool) -> None:
    """In whatever form they are written; loopback is for trying out, the bay itself never."""
    assert is_here(text, where) is expected


INSIDE = """
import asyncio, subprocess
from dnswatch.addresses import read as address
from dnswatch.bay.delivery.routes import OwnAddresses
from dnswatch.settings import read
ours = OwnAddresses(read("", "test"))
told = [asyncio.run(ours.is_here(address("203.0.113.9")))]
for command in ("link set lo up", "addr add 203.0.113.9 dev lo", "addr add 2001:db8::9 dev lo"):
    subprocess.run(["ip", *command.split()], check=True)
for place in ("203.0.113.9", "::ffff:203.0.113.9", "2001:db8::9%lo", "203.0.113.10"):
    told.append(asyncio.run(ours.is_here(address(place))))
print(told)
"""


def test_an_address_that_this_machine_got_meanwhile_is_its_own() -> None:
    """The kernel is asked each time, so nothing need be started anew."""
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", INSIDE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip("no network namespaces here")
    assert done.stdout.strip() == "[False, True, True, True, False]", done.stderr
