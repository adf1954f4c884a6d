"""Loading: the configuration file, the command line and resolv.conf make one `Source`.

Done at the start and again at every reload; what cannot be loaded is a `SettingsError`.
"""

import socket
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from dnswatch.errors import LibraryError, SettingsError
from dnswatch.outlets import keyfile
from dnswatch.serve.policies import texts
from dnswatch.settings import (
    Address,
    Serve,
    Server,
    Settings,
    Source,
    combine,
    is_own,
    resolv_conf_servers,
)

DEFAULT_FILE: Final = Path("/etc/dnswatch/dnswatch.toml")
"""Read where no other file is named, if it is there."""

LONGEST: Final = 1 << 20
"""Characters of a configuration file: more is none, but a device or a log that was named."""

RESOLV_CONF: Final = Path("/etc/resolv.conf")


def load(
    config: Path | None,
    listen: list[str] | None = None,
    upstream: list[str] | None = None,
    workers: int | None = None,
    resolv_conf: Path = RESOLV_CONF,
) -> Source:
    """Read what there is to read, and see that it makes settings; the upstreams are filled in."""
    text, where = read_file(config)
    source = Source(text, where, listen, upstream, workers)
    settings = combine(source)
    if not settings.upstream.servers:
        source = msgspec.structs.replace(source, upstream=_machine_upstreams(settings, resolv_conf))
        settings = combine(source)
    _check_authorities(settings)
    _check_certificate(settings)
    for sink in settings.events:
        keyfile.check(sink)
    _check_loops(settings)
    if settings.fleet.engine and find_spec("valkey") is None:
        raise SettingsError(f"[fleet]: {LibraryError('valkey', 'fleet')}")
    return msgspec.structs.replace(source, policies=texts(settings.policies.directory))


def read_file(config: Path | None) -> tuple[str, str]:
    """Read a configuration file, or the default one if it is there: its text, and its name."""
    path = config or DEFAULT_FILE
    try:
        with path.open(encoding="utf-8-sig") as file:  # editors may mark it
            text = file.read(LONGEST + 1)
    except OSError as error:
        if config is None:
            return "", "default settings"
        raise SettingsError(f"cannot read '{path}': {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: this is no UTF-8 text") from None
    if len(text) > LONGEST:
        raise SettingsError(f"{path}: this is longer than any configuration, {LONGEST} characters")
    return text, str(path)


def _machine_upstreams(settings: Settings, resolv_conf: Path) -> list[str]:
    """Ask those whom the machine itself asks, but never ourselves."""
    try:
        servers = resolv_conf_servers(resolv_conf.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        servers = ()
    others = [server for server in servers if not _is_own(server, settings.serve)]
    if not others:
        raise SettingsError(
            f"there is no upstream: none is configured, and '{resolv_conf}' names none but"
            " dnswatch itself; give one with --upstream udp://ADDRESS, or as upstream.servers"
        )
    return [str(server) for server in others]


def _check_loops(settings: Settings) -> None:
    """Refuse an upstream that is this machine; what needs no kernel to know was refused before."""
    lists = [("upstream", settings.upstream.servers)]
    lists += [(f"forward[{n}]", one.servers) for n, one in enumerate(settings.forward)]
    for key, servers in lists:
        for server in servers:
            if _is_own(server, settings.serve):
                raise SettingsError(
                    f"{key}.servers: '{server}' is this machine, and dnswatch listens on all of its"
                    " addresses at that port: it would ask itself; name another upstream, or listen"
                    " on the addresses that clients use"
                )


def _is_own(server: Server, serve: Serve) -> bool:
    """Say whether a server is one of our own endpoints, by the kernel's word on what is here."""
    to = server.address
    anywhere = to is not None and any(
        endpoint.address.is_unspecified
        and (endpoint.port, endpoint.address.version) == (server.port, to.version)
        for endpoint in serve.endpoints
    )
    return is_own(server, serve) or (anywhere and to is not None and is_here(to))


def _check_authorities(settings: Settings) -> None:
    path = settings.upstream.ca_file
    try:
        ssl.create_default_context(cafile=path or None)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"upstream.ca_file: '{path}' holds no certificate authorities ({error});"
            " expected a file of PEM certificates"
        ) from None


def _check_certificate(settings: Settings) -> None:
    web = settings.web
    if not (web.enabled and web.certificate):
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            web.certificate, web.key or None, password=""
        )
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(
            f"web.certificate: '{web.certificate}' and its key cannot be used ({error}); expected"
            " PEM files that belong together, the key without a password"
        ) from None


def is_here(address: Address) -> bool:
    """Ask the kernel whether an address is one of this machine's: one can listen there or not."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
