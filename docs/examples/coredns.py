#!/usr/bin/env python3
"""A vantage point: hands to dnswatch what CoreDNS answered, by the lines of its plugin `log`.

coredns | python3 coredns.py /run/dnswatch/ingest.sock
"""

import json
import os
import re
import select
import socket
import sys
import time

LINE = re.compile(rb'\[INFO\] \[?([0-9a-f.:]+?)\]?:\d+ - \d+ "(\w+) IN (\S+) [^"]*" (\w+) ')
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}
MOST = 10_000  # lookups kept while dnswatch is away


def lookup(line):
    """Turn a line into a lookup; None where it is none."""
    if not (found := LINE.search(line)):
        return None
    client, qtype, qname, rcode = (part.decode() for part in found.groups())
    if qtype not in TYPES or rcode not in RCODES:
        return None
    return {
        "at": time.time(),
        "client": client,
        "qname": qname,
        "qtype": TYPES[qtype],
        "rcode": RCODES[rcode],
        "proven": False,
    }


def connect(path):
    """Say who we are; whoever is refused is told why."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.connect(path)
    door.send(json.dumps({"hello": "coredns", "lag": 1}).encode())
    if "refused" in (answer := json.loads(door.recv(1000) or b"{}")):
        sys.exit(answer["refused"])
    return door


def main(path):
    """Hand over what there is four times a second, until the log ends."""
    door, line, kept, dropped, is_open = None, b"", [], 0, True
    while is_open or kept:
        if select.select([0], [], [], 0.25)[0]:
            is_open = bool(read := os.read(0, 1 << 16))
            *whole, line = (line + read).split(b"\n")
            kept += filter(None, map(lookup, whole))
        dropped += len(kept[:-MOST])
        del kept[:-MOST]
        try:
            door = door or connect(path)
            for _ in range(0, len(kept) + 1, 200):
                until = kept[200]["at"] if kept[200:] else time.time()
                batch = {"until": until, "observations": kept[:200], "dropped": dropped}
                door.send(json.dumps(batch).encode())
                del kept[:200]
                dropped = 0
        except OSError:  # dnswatch begins anew: what we have waits
            door = None
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1])
