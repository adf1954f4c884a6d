"""The judge: what tshark counts in the same capture."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

FIELDS = (
    "frame.protocols",
    "dns.flags.response",
    "dns.qry.type",
    "tcp.flags.syn",
    "tcp.flags.ack",
    "tcp.dstport",
    "tcp.stream",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
)


def need_tshark() -> None:
    """Skip where tshark is absent, unless all must be there."""
    if shutil.which("tshark") is None and "DNSWATCH_REQUIRE_ALL" not in os.environ:
        pytest.skip("tshark is not installed")


def judged(capture: Path) -> dict[str, int]:
    """Count with tshark: frames, queries, MX questions, responses, clients, SMTP connections."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=a"]
    command += ["-E", "aggregator=;"]
    for field in FIELDS:
        command += ["-e", field]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    counts: Counter[str] = Counter(frames=0, queries=0, mx=0, responses=0)
    connections, clients = set(), set()
    for line in result.stdout.splitlines():
        told = dict(zip(FIELDS, line.split("\t"), strict=True))
        counts["frames"] += 1
        if "dns" in told["frame.protocols"].split(":"):
            is_response = told["dns.flags.response"].split(";")
            types = told["dns.qry.type"].split(";")
            counts["responses"] += is_response.count("1")
            counts["queries"] += is_response.count("0")
            counts["mx"] += types.count("15") if "0" in is_response else 0
            end = "src" if "0" in is_response else "dst"
            client = told[f"ip.{end}"] or told[f"ipv6.{end}"]
            if told["dns.qry.type"]:  # else nobody asked for anything
                clients.add(client.split(";")[-1])
        is_syn = told["tcp.flags.syn"] in ("1", "True") and told["tcp.flags.ack"] in ("0", "False")
        if is_syn and told["tcp.dstport"] == "25":
            connections.add(told["tcp.stream"])
    return {**counts, "smtp": len(connections), "clients": len(clients)}


def protocols(capture: Path) -> list[str]:
    """Return tshark's list of protocols of each frame."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-e", "frame.protocols"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.splitlines()
