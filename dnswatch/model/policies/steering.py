"""Steering: who is led to the holding bay or to dnswatch by others, and how nftables is told.

Names can be cached, hard-coded or looked up elsewhere, and a signed zone cannot be rewritten; a
connection to port 25 comes past the router all the same.  And where another resolver serves the
site, the lookups of marked clients, and theirs alone, are led to dnswatch.  The rule sets are the
site's (docs/examples/steer.nft, steer-dns.nft); dnswatch only says who is in their two sets.

Each telling replaces the whole of both sets in one transaction, and each element ends by itself
after `lease` seconds: who hears nothing more lets go.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any, Final

from dnswatch import addresses
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.mark import Action, Mark

TABLE: Final = "dnswatch_steer"
"""The table of family inet that leads port 25 to the bay."""
DNS_TABLE: Final = "dnswatch_steer_dns"
"""The one that leads port 53 to dnswatch; both have sets of the same names."""
SETS: Final = {4: "clients4", 16: "clients6"}
"""Length of a packed address to the name of its set."""
MOST: Final = 60_000
"""Clients of a set, at most: the shipped sets have room for 65,535."""


def steered(
    quarantined: Mapping[str, tuple[float, float | None]], exempt: Exempt
) -> tuple[list[bytes], int]:
    """Return the packed addresses of those who are quarantined, and how many have none.

    `quarantined` is each client's key in the store, with since and until when, which is None while
    it stands (store/bay/quarantine.py).  A pseudonym has no address.  Declared servers and the bay
    are never among them, whatever the store says.
    """
    standing = [key for key, (_, until) in quarantined.items() if until is None]
    hidden = sum(key.startswith("~") for key in standing)
    packed = [addresses.read(key).packed for key in standing if not key.startswith("~")]
    return sorted(client for client in packed if not exempt.client(client)), hidden


def led_here(marks: Iterable[Mark], exempt: Exempt) -> list[bytes]:
    """Return the packed addresses of those whose lookups a policy acts on: a dry run leads nobody.

    Declared servers and the bay are never among them.
    """
    acting = {
        mark.client for mark in marks if not mark.dry_run and mark.action is not Action.OBSERVE
    }
    return sorted(client for client in acting if not exempt.client(client))


def transaction(clients: Iterable[bytes], lease: int, table: str = TABLE) -> dict[str, Any]:
    """Write the commands by which the sets hold these clients and no others, for `lease` seconds.

    They are for `nft -j -f -` (libnftables-json(5)).
    """
    chosen = list(clients)
    commands: list[dict[str, Any]] = []
    for length, name in SETS.items():
        place = {"family": "inet", "table": table, "name": name}
        commands.append({"flush": {"set": place}})
        members = [
            {"elem": {"val": str(ip_address(client)), "timeout": lease}}
            for client in chosen
            if len(client) == length
        ]
        if members:
            commands.append({"add": {"element": {**place, "elem": members[:MOST]}}})
    return {"nftables": commands}


def members(listing: Mapping[str, Any]) -> dict[str, int]:
    """Read what `nft -j list set` printed: address to the seconds after which it ends."""
    found = {}
    for entry in listing.get("nftables", ()):
        for one in entry.get("set", {}).get("elem", ()):
            element = one.get("elem", one) if isinstance(one, dict) else {"val": one}
            found[str(element["val"])] = int(element.get("expires", 0))
    return found
