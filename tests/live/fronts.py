"""Fronts of others before a site: real dnsdist and real HAProxy, which name their clients."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests import check
from tests.live.tools import need
from tests.loopback import reserve


def answers(port: int, *, tcp: bool = False, source: str = "127.0.0.1") -> bool:
    """Tell whether somebody answers on loopback."""
    ask = dns.query.tcp if tcp else dns.query.udp
    query = dns.message.make_query("begin.example", "A")
    try:
        ask(query, "127.0.0.1", port=port, timeout=1, source=source)
    except (OSError, dns.exception.DNSException):
        return False
    return True


@contextmanager
def program(log: Path, begun: Callable[[], bool], *command: str) -> Iterator[None]:
    """Run a server, from when it has begun until the end."""
    with log.open("wb") as out:
        running = subprocess.Popen([need(command[0]), *command[1:]], stdout=out, stderr=out)
    try:
        check.eventually(lambda: running.poll() is not None or begun())
        assert running.poll() is None, log.read_text()
        yield
    finally:
        running.terminate()
        try:
            running.wait(check.PATIENCE)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def dnsdist(folder: Path, configuration: str) -> Iterator[int]:
    """Run dnsdist on a port of 127.0.0.1; its configuration is written behind `setLocal`."""
    with reserve() as holder:
        port = int(holder.getsockname()[1])
        config = folder / "dnsdist.conf"
        own = f'setLocal("127.0.0.1:{port}", {{reusePort=true}})\nsetSecurityPollSuffix("")\n'
        config.write_text(f"{own}{configuration}\n")
        command = ("dnsdist", "--supervised", "--disable-syslog", "-C", str(config))
        with program(folder / "dnsdist.log", lambda: answers(port), *command):
            yield port


@contextmanager
def haproxy(folder: Path, behind: int) -> Iterator[int]:
    """Run HAProxy on a TCP port of 127.0.0.1, which hands on with PROXY protocol headers."""
    with reserve() as holder:
        port = int(holder.getsockname()[1])
        config = folder / "haproxy.cfg"
        config.write_text(
            f"""
            defaults
                mode tcp
                timeout connect 10s
                timeout client 60s
                timeout server 60s
            listen dns
                bind 127.0.0.1:{port}
                server dnswatch 127.0.0.1:{behind} send-proxy-v2
            """.rstrip(" ")
        )
        command = ("haproxy", "-db", "-f", str(config))
        with program(folder / "haproxy.log", lambda: answers(port, tcp=True), *command):
            yield port
