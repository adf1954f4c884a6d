"""Tells dnswatch what clients asked Unbound and were answered, where Unbound has no dnstap.

For Unbound's own interpreter (Debian: python3-unbound); nothing but Python itself is needed.

    server:  module-config: "python validator iterator"
    python:  python-script: "/usr/share/dnswatch/plugins/unbound/dnswatch_tap.py"

Unbound must find its library: in its unit, Environment=PYTHONPATH=/usr/lib/python3/dist-packages.
dnswatch must let Unbound's user in: [ingest] listen = "unix:/run/dnswatch/ingest.sock" and users =
["unbound"].  DNSWATCH_INGEST names another socket.

It sees each answer, from the cache or not, and what it could not hand over it counts.  It changes
nothing: Unbound lets no module change a cached answer for one client.  It never waits: where
dnswatch is away or behind, lookups are dropped and counted.
"""

import json
import os
import socket
import time

PLACE = os.environ.get("DNSWATCH_INGEST", "/run/dnswatch/ingest.sock")
HELLO = {"hello": "unbound", "lag": 2}
AGAIN = 1.0
"""Seconds between two attempts to connect."""

A, MX, AAAA = 1, 15, 28
_ABSOLUTE = 1_000_000_000
"""What Unbound keeps in its cache ends at a moment; above this a TTL is one, Unix seconds."""


def name_of(wire):
    """Write a name in wire form as dnswatch reads it where it may be no host's: hex behind 0x."""
    return "0x" + bytes(wire).hex()


def records(rrsets, now):
    """Give addresses with TTLs, exchanges and their least TTL of (type, [(ttl, rdata)]) pairs."""
    addresses, exchanges, ttls = [], [], []
    for kind, data in rrsets:
        for ttl, rdata in data:
            left = max(0, int(ttl - now if ttl > _ABSOLUTE else ttl))
            if kind == A and len(rdata) == 4:
                addresses.append((socket.inet_ntop(socket.AF_INET, rdata), left))
            elif kind == AAAA and len(rdata) == 16:
                addresses.append((socket.inet_ntop(socket.AF_INET6, rdata), left))
            elif kind == MX and len(rdata) > 2:
                exchanges.append(name_of(rdata[2:]))
                ttls.append(left)
    return addresses, exchanges, min(ttls, default=0)


class Line:
    """The connection to dnswatch."""

    def __init__(self, place, now=time.time):
        """Connect to `place` when there is something to tell."""
        self._place, self._now = place, now
        self._socket = None
        self._try_at = 0.0
        self.dropped = 0
        self._number = 0

    def tell(self, seen):
        """Hand over one lookup, or count it as dropped."""
        if not self._is_there():
            self.dropped += 1
            return
        self._number += 1
        batch = {
            "until": seen["at"],
            "number": self._number,
            "observations": [seen],
            "dropped": self.dropped,
        }
        try:
            self._socket.send(json.dumps(batch).encode())
        except OSError as error:
            self.dropped += 1
            if not isinstance(error, BlockingIOError):
                self._let_go()
        else:
            self.dropped = 0

    def _is_there(self):
        """Connect where that is due; notice where dnswatch has ended the connection."""
        if self._socket is not None:
            try:
                if not self._socket.recv(4096):
                    self._let_go()
            except BlockingIOError:
                pass
            except OSError:
                self._let_go()
        if self._socket is None and self._now() >= self._try_at:
            self._try_at = self._now() + AGAIN
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            sock.setblocking(False)
            try:
                sock.connect(self._place)
                sock.send(json.dumps(HELLO).encode())
                self._socket = sock
            except OSError:
                sock.close()
        return self._socket is not None

    def _let_go(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


LINE = Line(PLACE)


def replied(qinfo, qstate, rep, rcode, edns, opt_list_out, region, **more):
    """Tell of one reply; Unbound calls it for each that leaves."""
    try:
        client = more["repinfo"].addr
        now = time.time()
        addresses, exchanges, ttl = records(_answer(rep), now)
        LINE.tell(
            {
                "at": now,
                "client": client.split("%")[0],
                "qname": name_of(qinfo.qname),
                "qtype": qinfo.qtype,
                "rcode": rcode,
                "origin": "upstream",
                "addresses": addresses,
                "exchanges": exchanges,
                "ttl": ttl,
            }
        )
    except Exception as error:  # nothing here may cost an answer
        log_err(f"dnswatch_tap: {error!r}")
    return True


def _answer(rep):
    """Give the answer section as (type, [(ttl, rdata)]) pairs."""
    if rep is None:
        return
    for number in range(rep.an_numrrsets):
        found = rep.rrsets[number]
        data = found.entry.data
        kind = int.from_bytes(int(found.rk.type).to_bytes(2, "little"), "big")
        yield kind, [(data.rr_ttl[n], bytes(data.rr_data[n])[2:]) for n in range(data.count)]


def init_standard(ident, env):
    """Have Unbound call `replied` for each of its kinds of replies."""
    return all(
        register(replied, env, ident)
        for register in (
            register_inplace_cb_reply,
            register_inplace_cb_reply_cache,
            register_inplace_cb_reply_local,
            register_inplace_cb_reply_servfail,
        )
    )


def deinit(ident):
    """Nothing is left to do."""
    return True


def inform_super(ident, qstate, superqstate, qdata):
    """Nothing of sub-queries is told."""
    return True


def operate(ident, event, qstate, qdata):
    """Let the other modules do all the work."""
    if event in (MODULE_EVENT_NEW, MODULE_EVENT_PASS):
        qstate.ext_state[ident] = MODULE_WAIT_MODULE
    else:
        qstate.ext_state[ident] = MODULE_FINISHED
    return True
