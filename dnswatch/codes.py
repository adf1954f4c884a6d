"""Numbers that IANA assigned: RR types, rcodes, EDNS options, extended errors; and their names."""

from enum import IntEnum
from typing import Final


class Type(IntEnum):
    """RR types that dnswatch itself looks at."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    NULL = 10
    PTR = 12
    HINFO = 13
    MX = 15
    TXT = 16
    AAAA = 28
    DNAME = 39
    OPT = 41
    DS = 43
    RRSIG = 46
    SVCB = 64
    HTTPS = 65
    TKEY = 249
    TSIG = 250
    IXFR = 251
    AXFR = 252
    MAILB = 253
    MAILA = 254
    ANY = 255
    PRIVATE = 65399
    "Of private use (RFC 6895 section 3.1): what iodine takes."


class Class(IntEnum):
    """Classes that dnswatch itself looks at."""

    IN = 1
    ANY = 255


class Rcode(IntEnum):
    """Response codes that dnswatch itself gives or looks at."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


class Option(IntEnum):
    """EDNS options that dnswatch itself looks at."""

    DAU = 5
    DHU = 6
    N3U = 7
    ECS = 8
    COOKIE = 10
    KEEPALIVE = 11
    PADDING = 12
    CHAIN = 13
    EDE = 15


class Ede(IntEnum):
    """Extended DNS errors (RFC 8914) that dnswatch itself gives."""

    STALE_ANSWER = 3
    FORGED_ANSWER = 4
    NOT_READY = 14
    BLOCKED = 15
    PROHIBITED = 18
    STALE_NXDOMAIN = 19
    NOT_SUPPORTED = 21
    NO_REACHABLE_AUTHORITY = 22
    NETWORK_ERROR = 23


UNANSWERED: Final = -1
"""Stands for the rcode where no response was seen."""

_TYPES: Final = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    17: "RP",
    24: "SIG",
    25: "KEY",
    28: "AAAA",
    29: "LOC",
    33: "SRV",
    35: "NAPTR",
    37: "CERT",
    39: "DNAME",
    41: "OPT",
    42: "APL",
    43: "DS",
    44: "SSHFP",
    45: "IPSECKEY",
    46: "RRSIG",
    47: "NSEC",
    48: "DNSKEY",
    49: "DHCID",
    50: "NSEC3",
    51: "NSEC3PARAM",
    52: "TLSA",
    53: "SMIMEA",
    59: "CDS",
    60: "CDNSKEY",
    61: "OPENPGPKEY",
    62: "CSYNC",
    63: "ZONEMD",
    64: "SVCB",
    65: "HTTPS",
    99: "SPF",
    249: "TKEY",
    250: "TSIG",
    251: "IXFR",
    252: "AXFR",
    253: "MAILB",
    254: "MAILA",
    255: "ANY",
    256: "URI",
    257: "CAA",
}
_RCODES: Final = {
    UNANSWERED: "UNANSWERED",
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    7: "YXRRSET",
    8: "NXRRSET",
    9: "NOTAUTH",
    10: "NOTZONE",
    16: "BADVERS",
}


def type_name(number: int) -> str:
    """Name an RR type: `MX`, or `TYPE65280` where it has none (RFC 3597)."""
    return _TYPES.get(number) or f"TYPE{number}"


def rcode_name(number: int) -> str:
    """Name a response code: `NXDOMAIN`, or `RCODE23` where it has none."""
    return _RCODES.get(number) or f"RCODE{number}"
