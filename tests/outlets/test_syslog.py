"""syslog: what a receiver gets, and who is told nothing; rsyslog is the judge."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from dnswatch.errors import EventError
from dnswatch.settings import EventDestination, Sink
from dnswatch.teller.event import Event
from tests import check
from tests.loopback import reserve
from tests.outlets.sinks import SECOND, open_outlet, sink
from tests.teller.receivers import stream
from tests.teller.test_forms import INFECTED, parsed


def test_a_datagram_is_one_message() -> None:
    """And that nobody listens on this machine is noticed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        outlet = open_outlet(sink(f"syslog:udp://127.0.0.1:{receiver.getsockname()[1]}"))
        outlet.send(INFECTED)
        found, params = parsed(receiver.recv(4096))
        assert (found["id"], params["incident"]) == (b"verdict", "cafe")
    with pytest.raises(EventError, match="is not reached: Connection refused"):
        outlet.send(INFECTED)
    outlet.close()


def test_a_stream_counts_octets_and_notices_its_end() -> None:
    """What would go into a connection that the receiver has closed is not taken for told."""
    with reserve() as holder:
        with stream(holder) as heard:
            outlet = open_outlet(sink(f"syslog:tcp://127.0.0.1:{heard.port}"))
            outlet.send(INFECTED)
            outlet.send(SECOND)
            check.eventually(lambda: len(heard.messages) == 2)
            assert [parsed(one)[1]["id"] for one in heard.messages] == ["ab-7", "ab-8"]
        with pytest.raises(EventError, match="closed the connection"):
            outlet.send(INFECTED)
        outlet.close()


TEMPLATE = """template(name="all" type="string" string="%syslogfacility-text%|%syslogseverity-text%\
|%app-name%|%msgid%|%structured-data%|%msg%\\n")"""
"""What is written of a message: facility, severity, kind, facts and sentence."""


@contextmanager
def rsyslog(folder: Path, config: str) -> Iterator[Path]:
    """Run rsyslogd; yields the file that its action `all` writes."""
    out, file = folder / "out", folder / "rsyslog.conf"
    file.write_text(f"""
        global(workDirectory="{folder}" parser.escapeControlCharactersOnReceive="off")
        {TEMPLATE}
        ruleset(name="r") {{ action(type="omfile" file="{out}" template="all") }}
        {config}
    """)
    process = subprocess.Popen(
        ["rsyslogd", "-n", "-f", file, "-i", folder / "pid"], stderr=subprocess.PIPE
    )
    try:
        yield out
    finally:
        process.terminate()
        process.communicate()


needs_rsyslog = pytest.mark.skipif(
    shutil.which("rsyslogd") is None, reason="rsyslogd is not installed"
)


@needs_rsyslog
def test_rsyslog_understands_us(tmp_path: Path) -> None:
    """Over TCP and UDP it reads facility, severity, kind, facts and sentence out of a message."""
    with reserve() as holder:
        port = int(holder.getsockname()[1])
    config = f"""
        module(load="imudp") module(load="imtcp")
        input(type="imudp" address="127.0.0.1" port="{port}" ruleset="r")
        input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="r")
    """
    with rsyslog(tmp_path, config) as out:
        check.eventually(lambda: _sent(sink(f"syslog:tcp://127.0.0.1:{port}"), INFECTED))
        check.eventually(lambda: _sent(sink(f"syslog:udp://127.0.0.1:{port}"), SECOND))
        told = check.eventually(lambda: found if len(found := _lines(out)) == 2 else None)
    assert told[0].startswith('daemon|crit|dnswatch|verdict|[dnswatch@32473 id="ab-7" schema="1"')
    assert told[0].endswith("|client '10.0.0.66' is infected: 37 new domains")
    assert told[1].startswith("daemon|notice|dnswatch|mark|")
    assert "Größe" in told[1].rpartition("|")[2]


@needs_rsyslog
@pytest.mark.skipif(
    not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_ossl.so")),
    reason="rsyslog-openssl is not installed",
)
def test_rsyslog_takes_it_over_tls(tmp_path: Path) -> None:
    """RFC 5425: it knows us by our certificate, and we know it by its own and its name."""
    authority = trustme.CA()
    ca, pem = tmp_path / "ca.pem", tmp_path / "client.pem"
    authority.cert_pem.write_to_path(str(ca))
    issued = authority.issue_cert("127.0.0.1", common_name="logs")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.issue_cert("watch.example").private_key_and_cert_chain_pem.write_to_path(str(pem))
    with reserve() as holder:
        port = int(holder.getsockname()[1])
    config = f"""
        global(defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{ca}"
            defaultNetstreamDriverCertFile="{tmp_path / "cert.pem"}"
            defaultNetstreamDriverKeyFile="{tmp_path / "key.pem"}")
        module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1"
            streamDriver.authMode="x509/name" permittedPeer="watch.example")
        input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="r")
    """
    to = EventDestination(f"syslog:tls://127.0.0.1:{port}")
    with rsyslog(tmp_path, config) as out:
        told = Sink(to=to, ca_file=str(ca), certificate=str(pem), form="cef")
        check.eventually(lambda: _sent(told, INFECTED))
        (line,) = check.eventually(lambda: _lines(out))
    assert line.startswith("daemon|crit|dnswatch|verdict|")
    assert "|CEF:0|dnswatch|dnswatch|" in line


@contextmanager
def tls_server(names: list[str], authority: trustme.CA) -> Iterator[int]:
    """Take connections with a certificate for some names; yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = listening.accept()
                    with peer, suppress(OSError):
                        context.wrap_socket(peer, server_side=True).recv(65536)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("names", "is_known", "why"),
    [
        (["127.0.0.1"], False, "CERTIFICATE_VERIFY_FAILED|unable to get local issuer"),
        (["logs.example"], True, "CERTIFICATE_VERIFY_FAILED|IP address mismatch"),
    ],
)
def test_a_stranger_over_tls_is_told_nothing(
    tmp_path: Path, names: list[str], is_known: bool, why: str
) -> None:
    """Whose certificate nobody vouches for, or which is another host's."""
    believed, authority = trustme.CA(), trustme.CA()
    ca = tmp_path / "ca.pem"
    (authority if is_known else believed).cert_pem.write_to_path(str(ca))
    with tls_server(names, authority) as port:
        to = EventDestination(f"syslog:tls://127.0.0.1:{port}")
        with pytest.raises(EventError, match=why):
            open_outlet(Sink(to=to, ca_file=str(ca)))


def _sent(to: Sink, event: Event) -> bool:
    try:
        outlet = open_outlet(to)
        outlet.send(event)
    except EventError:
        return False
    outlet.close()
    return True


def _lines(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines()) if path.exists() else []
