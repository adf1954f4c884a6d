"""Loading: file, command line and resolv.conf make settings, or one sentence."""

import socket
from pathlib import Path

import pytest
import trustme

from dnswatch.errors import SettingsError
from dnswatch.serve.loading import load, read_file
from dnswatch.settings import Settings, combine


@pytest.fixture
def resolv_conf(tmp_path: Path) -> Path:
    """What the machine itself asks: itself, and another."""
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\nnameserver 192.0.2.53\n")
    return path


def loaded(tmp_path: Path, text: str, resolv_conf: Path, **options: list[str]) -> Settings:
    """Load a configuration file."""
    path = tmp_path / "dnswatch.toml"
    path.write_text(text)
    return combine(load(path, resolv_conf=resolv_conf, **options))  # type: ignore[arg-type]


def test_without_upstreams_those_of_the_machine_are_asked(
    tmp_path: Path, resolv_conf: Path
) -> None:
    """`/etc/resolv.conf` says whom to ask, but dnswatch never asks itself."""
    settings = loaded(tmp_path, 'serve.listen = ["127.0.0.1:53"]', resolv_conf)
    assert [str(server) for server in settings.upstream.servers] == ["udp://192.0.2.53"]


def test_a_resolv_conf_that_names_only_us_is_no_upstream(tmp_path: Path, resolv_conf: Path) -> None:
    """A circle is refused with its mend."""
    resolv_conf.write_text("nameserver 127.0.0.1\n")
    with pytest.raises(SettingsError, match=r"no upstream.*--upstream"):
        loaded(tmp_path, 'serve.listen = ["127.0.0.1:53"]', resolv_conf)


def test_a_missing_resolv_conf_is_said(tmp_path: Path) -> None:
    """Without any upstream nothing starts."""
    with pytest.raises(SettingsError, match="no upstream"):
        loaded(tmp_path, "", tmp_path / "missing")


def test_the_command_line_wins(tmp_path: Path, resolv_conf: Path) -> None:
    """`--upstream` stands in place of the file's."""
    settings = loaded(
        tmp_path, 'upstream.servers = ["192.0.2.1"]', resolv_conf, upstream=["192.0.2.9"]
    )
    assert [str(server) for server in settings.upstream.servers] == ["udp://192.0.2.9"]


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    """Its name and what is wrong are said."""
    with pytest.raises(SettingsError, match=r"missing\.toml.*No such file"):
        load(tmp_path / "missing.toml", upstream=["192.0.2.1"])


def test_a_file_must_be_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused, by name."""
    path = tmp_path / "dnswatch.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"dnswatch\.toml.*UTF-8"):
        load(path)


def test_a_file_without_an_end_is_refused() -> None:
    """Whatever was named is not read for ever."""
    with pytest.raises(SettingsError, match="longer than any configuration"):
        read_file(Path("/dev/zero"))


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    """Editors of Windows put one in front."""
    path = tmp_path / "dnswatch.toml"
    path.write_text('upstream.servers = ["192.0.2.1"]', encoding="utf-8-sig")
    settings = combine(load(path))
    assert [str(server) for server in settings.upstream.servers] == ["udp://192.0.2.1"]


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_authorities_must_be_readable(tmp_path: Path, resolv_conf: Path, text: str) -> None:
    """A file of authorities that holds none is refused before anything starts."""
    authorities = tmp_path / "ca.pem"
    authorities.write_text(text)
    settings = (
        f'upstream.servers = ["tls://192.0.2.1#dns.test"]\nupstream.ca_file = "{authorities}"'
    )
    with pytest.raises(SettingsError, match=r"ca_file.*ca\.pem"):
        loaded(tmp_path, settings, resolv_conf)


def test_a_certificate_that_cannot_be_used_is_refused(tmp_path: Path, resolv_conf: Path) -> None:
    """One that is not there, or has no key, stops a start; browsers would meet it only later."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    issued = trustme.CA().issue_cert("watch.test")
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    text = f'upstream.servers = ["192.0.2.1"]\nweb.certificate = "{chain}"'
    loaded(tmp_path, f'{text}\nweb.key = "{key}"', resolv_conf)
    for wrong in (text, text.replace("chain", "nowhere")):
        with pytest.raises(SettingsError, match=r"web\.certificate: .*and its key cannot be used"):
            loaded(tmp_path, wrong, resolv_conf)
    loaded(tmp_path, f"{text}\nweb.enabled = false", resolv_conf)


@pytest.fixture
def here() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has loopback addresses only")
        address: str = probe.getsockname()[0]
        return address


@pytest.mark.parametrize("where", ["upstream.servers", "forward"])
def test_an_upstream_that_is_this_machine_is_refused(
    tmp_path: Path, resolv_conf: Path, here: str, where: str
) -> None:
    """Who listens on all addresses at a port asks none of them there; elsewhere he may."""
    own = f'["{here}:5300"]'
    rest = (
        f"upstream.servers = {own}"
        if where != "forward"
        else (
            f'upstream.servers = ["192.0.2.1"]\n[[forward]]\ndomain = "a.example"\nservers = {own}'
        )
    )
    with pytest.raises(SettingsError, match="would ask itself"):
        loaded(tmp_path, f'serve.listen = ["0.0.0.0:5300"]\n{rest}', resolv_conf)
    loaded(tmp_path, f'serve.listen = ["0.0.0.0:5301"]\n{rest}', resolv_conf)
    loaded(tmp_path, f'serve.listen = ["127.0.0.1:5300"]\n{rest}', resolv_conf)


def test_a_resolv_conf_that_names_this_machine_is_a_circle(
    tmp_path: Path, resolv_conf: Path, here: str
) -> None:
    """Its own address among those that the machine asks is passed over, whichever it is."""
    resolv_conf.write_text(f"nameserver {here}\nnameserver 192.0.2.53\n")
    settings = loaded(tmp_path, 'serve.listen = ["0.0.0.0:53"]', resolv_conf)
    assert [str(server) for server in settings.upstream.servers] == ["udp://192.0.2.53"]


def test_a_fleet_needs_its_library(
    tmp_path: Path, resolv_conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the extra is not installed nothing starts, and the sentence says what brings it."""
    text = '[fleet]\nengine = "redis://127.0.0.1"\nnode = "a"\n'
    assert loaded(tmp_path, text, resolv_conf).fleet.node == "a"
    monkeypatch.setattr("dnswatch.serve.loading.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"\[fleet\]: this needs valkey.*\[fleet\]"):
        loaded(tmp_path, text, resolv_conf)
