"""Outlets, with real receivers."""

import base64
import hashlib
import hmac
import json
import os
import resource
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from dnswatch.errors import EventError, SettingsError
from dnswatch.settings import EventDestination, Sink
from dnswatch.teller.event import Event
from dnswatch.teller.outlets import open_outlet, secret_of, signature
from tests import check
from tests.loopback import reserve
from tests.teller.receivers import stream, webhook
from tests.teller.test_forms import INFECTED, parsed

SECOND = Event(id="ab-8", at=INFECTED.at, kind="mark", text='Größe ]"\\')


def sink(to: str, secret: str = "") -> Sink:
    return Sink(to=EventDestination(to), secret=secret)


def lines(path: Path) -> list[str]:
    return [json.loads(line)["dnswatch"]["id"] for line in path.read_text().splitlines()]


def test_a_file_is_appended_to_and_followed_over_a_rotation(tmp_path: Path) -> None:
    """0640 whatever the umask, so that the group's collector may read it."""
    path = tmp_path / "eve.json"
    outlet = open_outlet(sink(f"file:{path}"))
    outlet.send(INFECTED)
    assert path.stat().st_mode & 0o777 == 0o640
    path.rename(tmp_path / "eve.json.1")
    outlet.send(SECOND)
    outlet.close()
    assert lines(tmp_path / "eve.json.1") == ["ab-7"]
    assert lines(path) == ["ab-8"]


def test_half_a_line_spoils_no_other(tmp_path: Path) -> None:
    """A power cut may leave one."""
    path = tmp_path / "eve.json"
    path.write_text('{"half')
    outlet = open_outlet(sink(f"file:{path}"))
    outlet.send(INFECTED)
    outlet.close()
    half, whole = path.read_text().splitlines()
    assert (half, json.loads(whole)["dnswatch"]["id"]) == ('{"half', "ab-7")


def test_what_is_no_file_is_refused_and_waited_for_by_nobody(tmp_path: Path) -> None:
    """A pipe without a reader would block for ever."""
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path / "pipe", "is no file|No such device"),
        (tmp_path / "a/b", "No su"),
    ):
        outlet = open_outlet(sink(f"file:{path}"))
        with pytest.raises(EventError, match=why):
            outlet.send(INFECTED)


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """What was written of a line is taken back, and the event is told once there is room."""
    path = tmp_path / "eve.json"
    outlet = open_outlet(sink(f"file:{path}"))
    outlet.send(INFECTED)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(EventError, match="the disk is full"):
            outlet.send(SECOND)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    outlet.send(SECOND)
    outlet.close()
    assert lines(path) == ["ab-7", "ab-8"]


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


def key_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


GOOD = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_a_webhook_is_signed_as_standard_webhooks_does(tmp_path: Path) -> None:
    """HMAC-SHA256 of id, timestamp and body; any answer but 2xx means that it was not taken."""
    with webhook() as heard:
        to = f"http://127.0.0.1:{heard.port}/secret-path"
        outlet = open_outlet(sink(to, key_file(tmp_path, GOOD + "\n")))
        outlet.send(INFECTED)
        heard.status = 500
        with pytest.raises(EventError, match="answered 500") as caught:
            outlet.send(SECOND)
        outlet.close()
    assert "secret-path" not in str(caught.value)
    headers, body = heard.headers[0], heard.messages[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest())
    assert headers["webhook-signature"] == f"v1,{wanted.decode()}"
    assert json.loads(body)["data"]["id"] == headers["webhook-id"] == "ab-7"


def test_the_signature_is_the_one_of_the_standards_example() -> None:
    """Key, id, time and body of the example that its libraries are tested with."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    told = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        (GOOD, 0o644, "may be read by everybody"),
        ("secret", 0o600, "holds no key"),
        ("whsec_AAAA", 0o600, "holds no key"),
        ("whsec_!", 0o600, "holds no key"),
    ],
)
def test_a_bad_key_is_refused_with_a_mend(tmp_path: Path, text: str, mode: int, why: str) -> None:
    """Before the server starts, and at a reload."""
    with pytest.raises(SettingsError, match=why):
        secret_of(sink("https://hooks.example/x", key_file(tmp_path, text, mode)))


def test_a_key_that_is_not_there_is_named() -> None:
    """With the command that makes one."""
    with pytest.raises(SettingsError, match="openssl rand"):
        secret_of(sink("https://hooks.example/x", "/nowhere/key"))


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="rsyslogd is not installed")
def test_rsyslog_understands_us(tmp_path: Path) -> None:
    """Over TCP and UDP it reads facility, severity, kind, facts and sentence out of a message."""
    with reserve() as holder:
        port = int(holder.getsockname()[1])
        out, config = tmp_path / "out", tmp_path / "rsyslog.conf"
        config.write_text(f"""
            global(workDirectory="{tmp_path}" parser.escapeControlCharactersOnReceive="off")
            module(load="imudp") module(load="imtcp")
            template(name="all" type="string" string="%syslogfacility-text%|%syslogseverity-text%|\
%app-name%|%msgid%|%structured-data%|%msg%\\n")
            ruleset(name="r") {{ action(type="omfile" file="{out}" template="all") }}
            input(type="imudp" address="127.0.0.1" port="{port}" ruleset="r")
            input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="r")
        """)
        holder.close()
        process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", config, "-i", tmp_path / "pid"], stderr=subprocess.PIPE
        )
        try:
            check.eventually(lambda: _sent(f"syslog:tcp://127.0.0.1:{port}", INFECTED))
            check.eventually(lambda: _sent(f"syslog:udp://127.0.0.1:{port}", SECOND))
            told = check.eventually(lambda: found if len(found := _lines(out)) == 2 else None)
        finally:
            process.terminate()
            process.communicate()
    assert told[0].startswith('daemon|crit|dnswatch|verdict|[dnswatch@32473 id="ab-7" schema="1"')
    assert told[0].endswith("|client '10.0.0.66' is infected: 37 new domains")
    assert told[1].startswith("daemon|notice|dnswatch|mark|")
    assert "Größe" in told[1].rpartition("|")[2]


def _sent(to: str, event: Event) -> bool:
    try:
        outlet = open_outlet(sink(to))
        outlet.send(event)
    except EventError:
        return False
    outlet.close()
    return True


def _lines(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines()) if path.exists() else []
