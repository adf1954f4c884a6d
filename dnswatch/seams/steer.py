"""Steering lookups: in what form resolvers that a site already has are told whom to lead here.

    cdb     for dnsdist's KeyValueStoreLookupRule: a constant database, keyed by packed address
    acl     for others: a text that names the clients, as each of them includes it

Rules of this file: no file and no program; what is written replaces what was written before.
"""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from struct import pack
from typing import Final

_TABLES: Final = 256
_MASK: Final = 0xFFFFFFFF


def cdb(keys: Iterable[bytes], value: bytes = b"1") -> bytes:
    """Write a constant database with these keys (https://cr.yp.to/cdb/cdb.txt), below 4 GB."""
    records = bytearray()
    slots: list[list[tuple[int, int]]] = [[] for _ in range(_TABLES)]
    for key in keys:
        hashed = _hash(key)
        slots[hashed % _TABLES].append((hashed, 8 * _TABLES + len(records)))
        records += pack("<II", len(key), len(value)) + key + value
    head, tables = bytearray(), bytearray()
    for entries in slots:
        size = 2 * len(entries)
        head += pack("<II", 8 * _TABLES + len(records) + len(tables), size)
        table = [(0, 0)] * size
        for hashed, at in entries:
            place = (hashed >> 8) % size
            while table[place][1]:
                place = (place + 1) % size
            table[place] = (hashed, at)
        tables += b"".join(pack("<II", *entry) for entry in table)
    return bytes(head + records + tables)


def _hash(key: bytes) -> int:
    hashed = 5381
    for byte in key:
        hashed = ((hashed << 5) + hashed & _MASK) ^ byte
    return hashed


def _bind(clients: list[str]) -> str:
    inner = "".join(f" {client};" for client in clients) or " none;"
    return f"acl dnswatch {{{inner} }};\n"


def _knot(clients: list[str]) -> str:
    inner = ", ".join(f"'{client}'" for client in clients)
    return f"return {{ {inner} }}\n"


def _coredns(clients: list[str]) -> str:
    tests = [
        f"incidr(client_ip(), '{client}/{128 if ':' in client else 32}')" for client in clients
    ]
    return f"expr {' || '.join(tests) or 'false'}\n"


def _plain(clients: list[str]) -> str:
    return "".join(f"{client}\n" for client in clients)


FORMS: Final[Mapping[str, Callable[[list[str]], str]]] = {
    "bind": _bind,
    "knot": _knot,
    "coredns": _coredns,
    "plain": _plain,
}
"""How a list of clients is written: BIND's `acl`, a Lua table for Knot Resolver, `expr` of CoreDNS'
`view`, and an address a line."""


def acl(clients: Iterable[bytes], form: str) -> str:
    """Write the packed addresses of clients in one of `FORMS`."""
    return FORMS[form]([str(ip_address(client)) for client in clients])
