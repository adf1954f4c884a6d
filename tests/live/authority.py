"""A real authority behind dnswatch: nsd with a signed zone, and unbound in front of it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import dns.dnssec
import dns.exception
import dns.message
import dns.query
import dns.rdtypes.ANY.DNSKEY
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from tests import check
from tests.live.tools import need
from tests.loopback import reserve

BIG: Final = "\n".join(f'big TXT "{number:03} {"x" * 200}"' for number in range(20))
"""About 4 kB: it fits no datagram that a careful resolver sends."""

ZONE: Final = f"""
$ORIGIN example.
$TTL 300
@ SOA ns admin 1 3600 600 86400 60
@ NS ns
@ MX 10 mx1
@ MX 20 mx2
ns A 192.0.2.53
mx1 A 192.0.2.25
mx1 AAAA 2001:db8::25
mx2 A 192.0.2.26
www A 192.0.2.80
www AAAA 2001:db8::80
alias CNAME www
*.wild TXT "any"
strange TYPE65280 \\# 5 0102030405
service HTTPS 1 . alpn=h2
medium TXT "{"y" * 250}" "{"z" * 250}" "{"w" * 250}"
{BIG}
"""
"""The zone that real clients look things up in."""


def signed(text: str, origin: str = "example.") -> tuple[str, str]:
    """Sign a zone (ECDSA P-256, NSEC); returns it and the trust anchor in delv's format."""
    zone = dns.zone.from_text(text, origin, relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    public = dns.dnssec.make_dnskey(private.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    dns.dnssec.sign_zone(zone, keys=[(private, public)], lifetime=86400, deterministic=False)
    flags, protocol, algorithm, key = public.to_text().split(maxsplit=3)
    anchor = f'"{origin}" static-key {flags} {protocol} {algorithm} "{key}";'
    return zone.to_text(relativize=False), f"trust-anchors {{ {anchor} }};\n"


@contextmanager
def nsd(folder: Path, zone: str) -> Iterator[str]:
    """Run nsd with the zone `example.`; gives its URL."""
    program = need("nsd")
    with reserve() as holder:
        port = holder.getsockname()[1]
    (folder / "example.zone").write_text(zone)
    (folder / "nsd.conf").write_text(
        f"""
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    zonelistfile: "{folder}/zone.list"
    xfrdir: "{folder}"
    verbosity: 0
remote-control:
    control-enable: no
zone:
    name: example.
    zonefile: example.zone
"""
    )
    with _running([program, "-d", "-c", str(folder / "nsd.conf")], folder, port):
        yield f"udp://127.0.0.1:{port}"


@contextmanager
def unbound(folder: Path, extra: str, port: int) -> Iterator[None]:
    """Run unbound on a port with more lines of configuration after its own."""
    program = need("unbound")
    (folder / "unbound.conf").write_text(
        f"""
server:
    interface: 127.0.0.1@{port}
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    num-threads: 1
    do-not-query-localhost: no
    module-config: "iterator"
    access-control: 127.0.0.0/8 allow
    so-rcvbuf: 0
{extra}
"""
    )
    with _running([program, "-d", "-p", "-c", str(folder / "unbound.conf")], folder, port):
        yield


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        check.eventually(lambda: process.poll() is not None or _answers(port))
        assert process.poll() is None, (folder / "server.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(check.PATIENCE)


def _answers(port: int) -> bool:
    query = dns.message.make_query("example.", "SOA")
    try:
        dns.query.udp(query, "127.0.0.1", port=port, timeout=0.2)
    except (dns.exception.DNSException, OSError):
        return False
    return True
