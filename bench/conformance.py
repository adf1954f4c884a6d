"""`python -m bench.conformance`: outside checks of dnswatch and its peers, for docs/conformance.md.

Each server forwards to the same nsd with a signed zone, or to servers that end their connections.
The EDNS checks are those of the EDNS compliance tests (ednscomp.isc.org), made by dig.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode

from bench.command import add_page, ended, put
from bench.page import origin
from bench.process import Process
from bench.programs import find
from bench.servers import own_version, printed
from bench.table import Table
from tests.behaviour import Behaviour, Close, GoAway, Reset, Step, ending_after
from tests.live.authority import ZONE, nsd, signed, unbound
from tests.live.certificates import Certificates
from tests.loopback import reserve
from tests.upstream import Upstream

_PAGE: Final = Path(__file__).parent.parent / "docs" / "conformance.md"
_NAME: Final = "dns.test"
_NAMES: Final = 32
_AT_ONCE: Final = 8
_PATIENCE: Final = 6.0
"Seconds that a client waits: longer than any of the servers' own deadlines for a client."


class Check(NamedTuple):
    """One question by dig, and what its answer must and must not say."""

    name: str
    options: str
    must: tuple[str, ...]
    must_not: tuple[str, ...] = ()


_OK, _SOA, _OPT = r"status: NOERROR", r"(?m)^[^;\n].*IN\s+SOA\s", r"EDNS: version: 0"
EDNS: Final = (
    Check("dns", "+noedns +noad SOA", (_OK, _SOA), (_OPT,)),
    Check("edns", "+edns=0 +nocookie +noad SOA", (_OK, _SOA, _OPT)),
    Check("edns1", "+edns=1 +noednsnegotiation +nocookie SOA", ("status: BADVERS", _OPT), (_SOA,)),
    Check(
        "edns@512",
        "+edns=0 +bufsize=512 +ignore +nocookie +dnssec TXT big",
        (_OK, r"flags:[^;]* tc"),
        ("MSG SIZE .*rcvd: (51[3-9]|5[2-9]|[6-9]..|....)",),
    ),
    Check("ednsopt", "+edns=0 +ednsopt=100 +nocookie SOA", (_OK, _SOA, _OPT), ("OPT=100",)),
    Check(
        "edns1opt",
        "+edns=1 +noednsnegotiation +ednsopt=100 +nocookie SOA",
        ("status: BADVERS", _OPT),
        (_SOA, "OPT=100"),
    ),
    Check("do", "+edns=0 +dnssec +nocookie SOA", (_OK, _SOA, r"EDNS: version: 0, flags: do")),
    Check("ednsflags", "+edns=0 +ednsflags=0x40 +nocookie SOA", (_OK, _SOA, _OPT), ("MBZ",)),
    Check(
        "edns1flags",
        "+edns=1 +noednsnegotiation +ednsflags=0x40 +nocookie SOA",
        ("status: BADVERS",),
        (_SOA, "MBZ"),
    ),
    Check("docookie", "+edns=0 +dnssec +cookie SOA", (_OK, _SOA, r"flags: do")),
    Check("nsid", "+edns=0 +nsid +nocookie SOA", (_OK, _SOA, _OPT)),
    Check("subnet", "+edns=0 +subnet=192.0.2.0/24 +nocookie SOA", (_OK, _SOA, _OPT)),
    Check(
        "ednstcp",
        "+edns=0 +tcp +dnssec +nocookie TXT big",
        (_OK, _OPT, r"flags: do"),
        (r"flags:[^;]* tc",),
    ),
    Check("zflag", "+noedns +zflag SOA", (_OK, _SOA), ("MBZ",)),
    Check(
        "opcode",
        "+noedns +noad +opcode=15 +header-only",
        ("status: NOTIMP",),
        (r"flags:[^;]* (ra|ad)[ ;]",),
    ),
    Check("unasked ad", "+noedns +noad A www", (_OK,), (r"flags:[^;]* ad[ ;]",)),
    Check("unknown type", "+edns=0 +nocookie TYPE65280 strange", (_OK, r"TYPE65280\s+\\# 5")),
    Check("meta type", "+edns=0 +nocookie TYPE249", ("status: (REFUSED|NOTIMP|FORMERR)",)),
)


class Server(NamedTuple):
    """A server under test, and how it is told whom to ask."""

    name: str
    start: Callable[[Path, int, str, str], list[str] | None]
    "Folder, port, upstream's URL and file of authorities to a command; None where it cannot."


def _dnswatch(folder: Path, port: int, upstream: str, authorities: str) -> list[str]:
    config = folder / "dnswatch.toml"
    config.write_text(f'names.hosts = []\nupstream.ca_file = "{authorities}"\n')
    listen = ("--listen", f"127.0.0.1:{port}", "--upstream", upstream)
    state = ("--config", str(config), "--state", str(folder / "state"))
    return [sys.executable, "-m", "dnswatch", "serve", *listen, *state]


def _unbound(folder: Path, port: int, upstream: str, authorities: str) -> list[str] | None:
    scheme, where = _parts(upstream)
    if scheme == "https":
        return None
    tls = "\n  forward-tls-upstream: yes" if scheme == "tls" else ""
    tcp = "\n  forward-tcp-upstream: yes" if scheme == "tcp" else ""
    name = f"#{_NAME}" if tls else ""
    bundle = f'\n  tls-cert-bundle: "{authorities}"' if authorities else ""
    (folder / "unbound.conf").write_text(f"""\
server:
  interface: 127.0.0.1@{port}
  do-not-query-localhost: no
  num-threads: 1
  module-config: "iterator"
  directory: ""
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no{bundle}
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{where}{name}{tls}{tcp}
remote-control:
  control-enable: no
""")
    return [find("unbound"), "-d", "-c", str(folder / "unbound.conf")]


def _dnsdist(folder: Path, port: int, upstream: str, authorities: str) -> list[str]:
    scheme, where = _parts(upstream)
    secure = f', tls="openssl", subjectName="{_NAME}", caStore="{authorities}"'
    more = {
        "udp": "",
        "tcp": ", tcpOnly=true",
        "tls": secure,
        "https": f'{secure}, dohPath="/dns-query"',
    }
    (folder / "dnsdist.conf").write_text(f"""\
setLocal("127.0.0.1:{port}")
setACL({{"127.0.0.0/8"}})
setSecurityPollSuffix("")
newServer({{address="127.0.0.1:{where}", healthCheckMode="up"{more[scheme]}}})
getPool(""):setCache(newPacketCache(10000))
""")
    return [find("dnsdist"), "--supervised", "--disable-syslog", "-C", str(folder / "dnsdist.conf")]


def _dnsmasq(folder: Path, port: int, upstream: str, _: str) -> list[str] | None:
    scheme, where = _parts(upstream)
    if scheme != "udp":
        return None
    only = ("--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--no-hosts")
    rest = ("--conf-file=/dev/null", f"--pid-file={folder}/pid", f"--server=127.0.0.1#{where}")
    return [find("dnsmasq"), "--no-daemon", f"--port={port}", "--user=", *only, *rest]


SERVERS: Final = (
    Server("dnswatch", _dnswatch),
    Server("unbound", _unbound),
    Server("dnsdist", _dnsdist),
    Server("dnsmasq", _dnsmasq),
)


def _parts(upstream: str) -> tuple[str, str]:
    found = re.match(r"(\w+)://127\.0\.0\.1:(\d+)", upstream)
    assert found
    return found[1], found[2]


@contextmanager
def running(server: Server, upstream: str, authorities: str = "") -> Iterator[int | None]:
    """Run a server in a folder of its own; gives its port, or None where it cannot ask so."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with reserve() as holder:
            port = int(holder.getsockname()[1])
        command = server.start(folder, port, upstream, authorities)
        if command is None:
            yield None
            return
        stack.enter_context(Process(command, (0, 1), folder / "log"))
        while "status: " not in _dig(port, "+noedns +tries=1 +time=1 A ready"):
            pass
        yield port


def _dig(port: int, options: str) -> str:
    """Ask by dig; the last word is a type, or a type and a name below the zone."""
    words = options.split()
    named = words and not words[-1].startswith("+") and words[-1].islower()
    name = [f"{words.pop()}.example" if named else "example"]
    found = subprocess.run(
        [find("dig"), "@127.0.0.1", "-p", str(port), *name, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout


def edns_rows(upstream: str) -> list[tuple[str, ...]]:
    """Make each EDNS check of each server."""
    said: dict[str, dict[str, str]] = {}
    for server in SERVERS:
        with running(server, upstream) as port:
            assert port is not None
            said[server.name] = {check.name: _judged(check, port) for check in EDNS}
    return [(c.name, *(said[server.name][c.name] for server in SERVERS)) for c in EDNS]


def _judged(check: Check, port: int) -> str:
    text = _dig(port, check.options)
    lacks = [one for one in check.must if not re.search(one, text)]
    has = [one for one in check.must_not if re.search(one, text)]
    return "ok" if not lacks and not has else "LOST"


_SIGNED: Final = ("A www", "A alias", "A none", "TXT x.wild", "TXT big")
"""A record, an alias, a name that is not there, a wildcard, and what fits no datagram."""


def dnssec_rows(upstream: str, anchor: Path) -> list[tuple[str, ...]]:
    """Have delv, and a validating resolver of a site behind, validate through each server."""
    by_delv, by_unbound = [], []
    for server in SERVERS:
        with running(server, upstream) as port:
            assert port is not None
            by_delv.append(sum(_delv_validates(port, anchor, *one.split()) for one in _SIGNED))
            with _validating(port, anchor) as behind:
                asked = [_dig(behind, f"+dnssec {one}") for one in _SIGNED]
            by_unbound.append(sum(bool(re.search(r"flags:[^;]* ad[ ;]", text)) for text in asked))
    return [
        (what, *(f"{good} of {len(_SIGNED)}" for good in said))
        for what, said in (
            ("validated by delv", by_delv),
            ("validated by an unbound behind it", by_unbound),
        )
    ]


def _delv_validates(port: int, anchor: Path, kind: str, name: str) -> bool:
    command = [find("delv"), "@127.0.0.1", "-p", str(port), "-a", str(anchor)]
    command += ["+root=example", f"{name}.example", kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "fully validated" in done.stdout + done.stderr


@contextmanager
def _validating(port: int, anchor: Path) -> Iterator[int]:
    """Run an unbound that validates, and asks the server at `port` alone; gives its own port."""
    found = re.search(r'"(\S+)" static-key (\d+ \d+ \d+) "([^"]+)"', anchor.read_text())
    assert found
    zone, numbers, key = found.groups()
    with tempfile.TemporaryDirectory() as folder, reserve() as holder:
        own = int(holder.getsockname()[1])
        holder.close()
        more = f"""\
    module-config: "validator iterator"
    trust-anchor: "{zone} DNSKEY {numbers} {key}"
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{port}
remote-control:
    control-enable: no
"""
        with unbound(Path(folder), more, own):
            yield own


_ENDINGS: Final[tuple[tuple[str, str, Callable[[], Behaviour]], ...]] = (
    ("tcp", "closes after 1 answer", lambda: ending_after(1, Close())),
    ("tcp", "closes after 3", lambda: ending_after(3, Close())),
    ("tls", "closes after 1", lambda: ending_after(1, Close())),
    ("tls", "closes after 3", lambda: ending_after(3, Close())),
    ("https", "closes after 3", lambda: ending_after(3, Close())),
    ("https", "GOAWAY after 3", lambda: ending_after(3, GoAway())),
    ("https", "GOAWAY after 3, then closes", lambda: ending_after(3, *_away())),
    ("https", "REFUSED_STREAM after 3", lambda: ending_after(3, Reset(7))),
)


def _away() -> tuple[Step, ...]:
    return (GoAway(), Close())


def ending_rows(folder: Path) -> list[tuple[str, ...]]:
    """Count what gets no answer of 32 names, 8 at a time, where connections end."""
    own = Certificates(folder)
    authorities = own.file
    rows = []
    for scheme, title, behaviour in _ENDINGS:
        said = []
        for server in SERVERS:
            with (
                _ending(own, scheme, behaviour()) as upstream,
                running(server, upstream.url, authorities) as port,
            ):
                lost = None if port is None else asyncio.run(_lost(port))
            said.append("-" if lost is None else str(lost))
        rows.append((f"{scheme}: {title}", *said))
    return rows


def _ending(own: Certificates, scheme: str, behaviour: Behaviour) -> Upstream:
    if scheme == "tcp":
        return Upstream(behaviour, scheme="tcp")
    return own.upstream(scheme, behaviour)


async def _lost(port: int) -> int:
    """Ask for all names; return how many get no answer."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def ask(number: int) -> bool:
        query = dns.message.make_query(f"n{number}.example.", "A")
        async with room:
            try:
                got = await dns.asyncquery.udp(query, "127.0.0.1", _PATIENCE, port)
            except (dns.exception.DNSException, OSError):
                return True
        return got.rcode() != dns.rcode.NOERROR or not got.answer

    return sum(await asyncio.gather(*map(ask, range(_NAMES))))


def measure(options: argparse.Namespace, command: str) -> None:
    """Make all checks and publish what came of them."""
    names = tuple(server.name for server in SERVERS)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        zone, anchor = signed(ZONE)
        (folder / "anchor").write_text(anchor)
        with nsd(folder, zone) as upstream:
            edns = Table("EDNS, by dig", ("check", *names), tuple(edns_rows(upstream)))
            rows = dnssec_rows(upstream, folder / "anchor")
        dnssec = Table("DNSSEC through the server", ("what", *names), tuple(rows))
        ends = Table(
            f"Connections that end: unanswered of {_NAMES} names, {_AT_ONCE} at a time",
            ("upstream", *names),
            tuple(ending_rows(folder)),
            ("A dash: it cannot ask so.",),
        )
    source = origin(command, _versions(), datetime.now(UTC).date())
    put(options, "conformance", "\n".join([f"{source}\n", str(edns), str(dnssec), str(ends)]))


def _versions() -> dict[str, str]:
    return {
        "dnswatch": own_version(),
        "unbound": printed("unbound", "-V"),
        "dnsdist": printed("dnsdist", "--version"),
        "dnsmasq": printed("dnsmasq", "--version"),
        "nsd": printed("nsd", "-v"),
        "dig": printed("dig", "-v"),
    }


def main(arguments: Sequence[str]) -> int:
    """Check; 2 where a program is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.conformance", description=__doc__)
    add_page(parser, _PAGE)
    options = parser.parse_args(arguments)
    return ended(lambda: measure(options, " ".join(["python -m bench.conformance", *arguments])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
