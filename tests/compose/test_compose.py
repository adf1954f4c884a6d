"""docker-compose takes the file, and each service in it is as closed as the page says."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from dnswatch.settings import read
from tests.compose.files import ROOT, SITE, configured, services, site, stages

pytestmark = pytest.mark.whole

NAMES = ("dnswatch", "unbound", "rspamd", "clamav", "signatures", "engine", "second")


@pytest.fixture(params=NAMES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One service."""
    return services()[request.param]


def test_these_are_the_services() -> None:
    """A service that is added is judged below, too."""
    assert sorted(services()) == sorted(NAMES)


def test_the_address_must_be_given() -> None:
    """Without the site's address nothing starts, and it is said what is missing."""
    done = configured()
    assert done.returncode != 0
    assert "the address at which clients ask" in done.stderr


def test_a_service_can_do_nothing_but_its_work(service: dict[str, Any]) -> None:
    """No capability, no new privileges, nothing to write but its volumes and /tmp, and bounded."""
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"]
    assert service["pids_limit"]


def test_a_service_is_watched_and_comes_back(service: dict[str, Any]) -> None:
    """It has a health check and is started again; whom it needs is healthy before."""
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    for needed in service.get("depends_on", {}).values():
        assert needed["condition"] == "service_healthy"


def test_an_image_has_a_version_and_is_built_here(service: dict[str, Any]) -> None:
    """None is `latest`; each is a stage of the Dockerfile, which runs as a user without rights."""
    _, version = service["image"].split(":")
    assert version != "latest"
    steps = stages()[service["build"]["target"]]
    assert [word for word, _ in steps if word in ("USER", "CMD")] == ["USER", "CMD"]
    assert ("USER", "root") not in steps


def test_the_base_has_a_version() -> None:
    """All stages stand on one release of Debian, by its number."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "ARG DEBIAN=debian:12.11-slim" in lines
    assert {line.split()[1] for line in lines if line.startswith("FROM")} == {"${DEBIAN}"}


def test_what_is_mounted_is_there(service: dict[str, Any]) -> None:
    """Settings are files of this checkout, mounted read-only; all else is a named volume."""
    for volume in service.get("volumes", []):
        source, *_, mode = volume.split(":")
        if source.startswith("/"):
            assert Path(source).is_relative_to(ROOT / "compose")
            assert Path(source).exists()
            assert mode == "ro"
        else:
            assert source in site()["volumes"]


def test_dnswatch_alone_is_published_at_the_sites_address() -> None:
    """Port 53 and port 25, over IPv4; inspectors are on a network without a way out."""
    published = {
        name: service["ports"] for name, service in services().items() if "ports" in service
    }
    assert published == {
        "dnswatch": [f"{SITE}:53:5353/udp", f"{SITE}:53:5353/tcp", f"{SITE}:25:2525/tcp"],
        "second": ["127.0.0.2:53:5353/udp", "127.0.0.2:53:5353/tcp"],
    }
    assert site()["networks"]["inside"]["internal"]
    assert [list(services()[name]["networks"]) for name in ("rspamd", "clamav")] == [["inside"]] * 2


def test_the_settings_speak_of_these_services() -> None:
    """The addresses in the settings of dnswatch and rspamd are those of the file."""
    settings = read((ROOT / "compose/dnswatch.toml").read_text(), "dnswatch.toml")
    at = {
        name: service["networks"]["inside"]["ipv4_address"]
        for name, service in services().items()
        if "inside" in service["networks"]
    }
    assert list(settings.upstream.servers) == [f"udp://{at['unbound']}:5335"]
    assert settings.bay.inspect.rspamd == f"http://{at['rspamd']}:11333"
    assert settings.bay.inspect.clamd == f"{at['clamav']}:3310"
    assert f'"{at["unbound"]}:5335"' in (ROOT / "compose/rspamd/options.inc").read_text()
    assert [str(address) for address in settings.quarantine.addresses] == [SITE]


def test_what_the_bay_takes_is_scanned() -> None:
    """No message that the bay accepts is too large for ClamAV or rspamd."""
    settings = read((ROOT / "compose/dnswatch.toml").read_text(), "dnswatch.toml")
    lines = (ROOT / "compose/clamd.conf").read_text().splitlines()
    limits = dict(shlex.split(line)[:2] for line in lines if line and line[0] != "#")
    for name in ("StreamMaxLength", "MaxFileSize", "MaxScanSize"):
        assert int(limits[name].removesuffix("M")) * 1_000_000 > settings.bay.limits.size
    assert "max_message = 60M;" in (ROOT / "compose/rspamd/options.inc").read_text()


def test_a_second_node_and_its_engine_are_asked_for() -> None:
    """Without the profile neither runs; with it both nodes have the same site and one engine."""
    profiles = {name: service.get("profiles") for name, service in services().items()}
    assert {name for name, theirs in profiles.items() if theirs == ["fleet"]} == {
        "engine",
        "second",
    }
    second = read((ROOT / "compose/second.toml").read_text(), "second.toml")
    first = (ROOT / "compose/dnswatch.toml").read_text().replace("# [fleet]", "[fleet]")
    lines = [line.removeprefix("# ") if " = " in line else line for line in first.splitlines()]
    fleets = [read("\n".join(lines), "dnswatch.toml").fleet, second.fleet]
    assert [fleet.node for fleet in fleets] == ["first", "second"]
    at = services()["engine"]["networks"]["inside"]["ipv4_address"]
    assert {(fleet.engine, fleet.site) for fleet in fleets} == {(f"redis://{at}:6379/0", "site")}
