"""A module in a real unbound, without dnstap: what its clients asked reaches dnswatch."""

import os
import pwd
from collections import Counter
from pathlib import Path

import dns.message
import dns.query
import pytest

from tests import check
from tests.live.resolvers import unbound
from tests.live.site import Site
from tests.live.tools import lacking
from tests.records import accounts, counters
from tests.upstream import Upstream

PLUGIN = Path(__file__).parents[2] / "plugins" / "unbound" / "dnswatch_tap.py"
DIST = Path("/usr/lib/python3/dist-packages")
CLIENT = "127.0.0.77"


def test_unbound_without_dnstap_tells_what_its_clients_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each lookup once, whether it was answered from local data, from the cache or by asking, with
    its exchanges and addresses; and what is asked while dnswatch is away costs no answer."""
    if not (DIST / "unboundmodule.py").exists():
        lacking("unbound's Python module (Debian package python3-unbound)")
    door = tmp_path / "ingest.sock"
    monkeypatch.setenv("PYTHONPATH", str(DIST))
    monkeypatch.setenv("DNSWATCH_INGEST", str(door))
    settings = {
        "serve.listen": [],
        "ingest.listen": f"unix:{door}",
        "ingest.users": [pwd.getpwuid(os.getuid()).pw_name],
    }
    with Upstream() as upstream, Site(tmp_path, [upstream], settings, listens=False) as site:
        more = f"""forward-zone:
    name: "far.campus."
    forward-addr: {upstream.url.removeprefix("udp://").replace(":", "@")}
python:
    python-script: "{PLUGIN}"
"""
        local = ["local.example. 60 MX 10 mx.local.example."]
        asked = [
            ("local.example", "MX"),
            ("mail.far.campus", "MX"),
            ("mail.far.campus", "MX"),
            ("mx.mail.far.campus", "A"),
            ("nothing.example", "A"),
        ]
        extra = "    do-not-query-localhost: no\n"
        with unbound(tmp_path, local, more, "python iterator", extra) as port:
            for name, kind in asked:
                query = dns.message.make_query(name, kind)
                given = dns.query.udp(
                    query, "127.0.0.1", port=port, source=CLIENT, timeout=check.PATIENCE
                )
                assert query.is_response(given)
            check.eventually(lambda: account(site)["lookup"] == len(asked))
            found = account(site)
            assert (found["mail:mx"], found["mail:exchange"]) == (3, 1)
            assert found["rcode:NXDOMAIN"] == 1
            assert found["new"] >= 1
            assert not counters(site.state)["observations_late"]
            site.stop()
            gone = dns.message.make_query("local.example", "MX")
            given = dns.query.udp(gone, "127.0.0.1", port=port, timeout=check.PATIENCE)
            assert gone.is_response(given)
    assert "dnswatch_tap" not in (tmp_path / "unbound.log").read_text()


def account(site: Site) -> Counter[str]:
    """Read the client's account."""
    return accounts(site.state).get(CLIENT, Counter())
