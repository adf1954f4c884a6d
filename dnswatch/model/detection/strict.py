"""Strict mode: at a site that declares its mail servers, one MX question tells a sender.

Where all mail leaves through declared servers, no other machine has a reason to ask for MX records
(Whyte, van Oorschot and Kranakis, ACSAC 2006).  Then the first MX question of an undeclared client
is a verdict.  Elsewhere it would be a false alarm for each person who types `host example.org`.
"""

from dnswatch.codes import Type
from dnswatch.model.changes import MailLookup
from dnswatch.model.role import Role


def is_breach(lookup: MailLookup, role: Role) -> bool:
    """Say whether a lookup breaks the rule of a strict site."""
    return lookup.qtype == Type.MX and role == Role.CLIENT
