"""The groups file: who is infected, normal, a mail server or something else, written by hand.

TOML, where a table with a trace's name holds for that trace alone, beside what stands above it:

    mail-servers = ["192.0.2.25"]
    other = ["192.0.2.53"]
    [sobig]
    infected = ["192.0.2.7", "192.0.2.64/30"]

or CSV with the columns `address` and `group`, and `trace` where it is meant for one alone.
Addresses may be networks; the narrowest one that holds a host decides.
"""

import csv
import tomllib
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from dnswatch.errors import SettingsError
from dnswatch.lab.study.hosts import Declared, Group
from dnswatch.settings import Network

_GROUPS: Final = ", ".join(group.value for group in Group)


def read(path: Path, trace: str) -> Declared:
    """Read the groups of one trace.  Raises `SettingsError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"cannot read '{path}': {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"'{path}' is no text in UTF-8") from None
    rows = _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_toml(text, path)
    groups: dict[Network, Group] = {}
    for where, address, group, meant in rows:
        if meant in ("", trace):
            network = _network(address, where)
            if groups.setdefault(network, group) is not group:
                raise SettingsError(f"{where}: '{address}' stands in two groups")
    return Declared(groups, str(path))


Row = tuple[str, str, Group, str]
"""Where it stands, an address, its group, and the trace that it is meant for."""


def _from_toml(text: str, path: Path) -> Iterator[Row]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"'{path}' is no TOML: {error}") from None
    for key, value in tables.items():
        if isinstance(value, dict):
            for inner, addresses in value.items():
                yield from _listed(addresses, inner, f"'{path}', {key}.{inner}", key)
        else:
            yield from _listed(value, key, f"'{path}', {key}", "")


def _listed(addresses: Any, key: str, where: str, trace: str) -> Iterator[Row]:
    if not isinstance(addresses, list) or not all(isinstance(one, str) for one in addresses):
        raise SettingsError(f'{where}: expected a list of addresses like ["192.0.2.7"]')
    for address in addresses:
        yield where, address, _group(key, where), trace


def _from_csv(text: str, path: Path) -> Iterator[Row]:
    reader = csv.DictReader(text.splitlines())
    if not {"address", "group"} <= set(reader.fieldnames or ()):
        raise SettingsError(f"'{path}': expected the columns address and group in its first line")
    for row in reader:
        where = f"'{path}', line {reader.line_num}"
        group = _group((row["group"] or "").strip(), where)
        yield where, (row["address"] or "").strip(), group, (row.get("trace") or "").strip()


def _group(text: str, where: str) -> Group:
    try:
        return Group(text)
    except ValueError:
        raise SettingsError(f"{where}: there is no group '{text}', only {_GROUPS}") from None


def _network(text: str, where: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise SettingsError(f"{where}: '{text}' is neither an address nor a network") from None
