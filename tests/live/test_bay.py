"""The holding bay as part of `dnswatch serve`."""

import os
import signal
import smtplib
import socket
from pathlib import Path

from tests import check
from tests.live.site import Serve, Site
from tests.loopback import reserve


def pid(site: Site) -> int:
    """Find the bay's process; 0 where there is none."""
    children = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text()
    for child in map(int, children.split()):
        try:
            if Path(f"/proc/{child}/comm").read_text().strip() == "dnswatch-bay":
                return child
        except FileNotFoundError:
            continue
    return 0


def greeting(port: int) -> bytes:
    """Connect, and read the first line; empty where nobody is there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=check.PATIENCE) as connection:
            return connection.recv(1000)
    except OSError:
        return b""


def settings(port: int, **more: object) -> dict[str, object]:
    """Configure a bay."""
    return {
        "bay.enabled": True,
        "bay.listen": [f"127.0.0.1:{port}"],
        "bay.pause": 0,
        "bay.open_to": ["127.0.0.1"],
        **more,
    }


def test_bay_runs_beside_dns_and_comes_back(serve: Serve) -> None:
    """`dnswatch serve` runs a bay; killed, it is started again, and DNS goes on all the while.

    `dnswatch status` counts what it accepted.
    """
    with reserve() as holder:
        port = holder.getsockname()[1]
        site = serve(settings=settings(port, **{"bay.fates.unsure": "hold"}))
        check.eventually(lambda: greeting(port).startswith(b"220"))
        with smtplib.SMTP("127.0.0.1", port, timeout=check.PATIENCE) as client:
            client.ehlo("client.example")
            assert client.mail("a@b.example")[0] == 250
        first = pid(site)
        os.kill(first, signal.SIGKILL)
        check.noerror(site.ask("bay.example"))
        check.eventually(lambda: greeting(port).startswith(b"220"))
        assert pid(site) != first
        with smtplib.SMTP("127.0.0.1", port, timeout=check.PATIENCE) as client:
            client.sendmail("a@b.example", ["c@d.example"], "Subject: hello\r\n\r\nA line.\r\n")
        check.eventually(lambda: site.counter("bay_accepted") == 1)
        site.reload({"bay.enabled": False})
        check.eventually(lambda: not pid(site))
        assert site.stop() == 0


def test_bay_without_a_port_does_not_stop_dns(serve: Serve) -> None:
    """A bay whose port is taken says so once, DNS answers, and it takes mail once it can."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site = serve(settings=settings(port))
        check.eventually(lambda: site.log("another server is there"))
        check.noerror(site.ask("bay.example"))
    check.eventually(lambda: greeting(port).startswith(b"220"))
    assert len(site.log("another server is there")) == 1
