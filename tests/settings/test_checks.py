"""Settings that are at odds with one another."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import Endpoint, Serve, Server, is_own, read

LOOP = "where dnswatch itself listens: it would ask itself"
AT_ODDS = {
    "[serve]\nlisten = []": "line 2: serve.listen is empty: expected an endpoint",
    "[bay]\nenabled = true": "line 2: bay.listen is empty: expected where the bay takes mail",
    '[serve]\nlisten = ["[::1]:53", "[0::1]"]': 'line 2: serve.listen[1] is "[::1]:53", which the',
    '[serve]\nredirected = ["127.0.0.1:5353"]': "line 2: serve.redirected[0] is"
    ' "127.0.0.1:5353", which serve.listen has too',
    '[upstream]\nservers = ["9.9.9.9", "127.0.0.1:5353"]': f"line 2: upstream.servers[1] is"
    f' "udp://127.0.0.1:5353", {LOOP}',
    '[[forward]]\ndomain = "a.example"\nservers = ["tcp://[::1]:5353"]': f"line 3:"
    f' forward[0].servers[0] is "tcp://[::1]:5353", {LOOP}',
    '[upstream]\nservers = ["9.9.9.9",\n"udp://9.9.9.9:53"]': "line 3: upstream.servers[1] is",
    '[[forward]]\ndomain = "a.example"\nservers = ["192.0.2.1"]\n'
    '[[forward]]\ndomain = "A.Example."\nservers = ["192.0.2.2"]': "line 5: forward[1].domain is"
    ' "a.example", as in forward[0]: put the servers of both into one list',
    '[access]\nnetworks = ["::/0"]': 'line 2: access.networks[0] is "::/0", the whole Internet',
    '[roles]\nservers = ["192.0.2.1"]\nresolvers = ["192.0.2.1/32"]': "line 2: roles.servers[0] is"
    ' "192.0.2.1/32", as is roles.resolvers[0]: a client has one role',
    '[groups]\n"192.0.2.0/24" = []': "line 2: groups.192.0.2.0/24 is no name for a group",
    "[limits]\ntcp_per_client = 2000": "line 2: limits.tcp_per_client is 2000, more than"
    " limits.tcp_connections, 1000: one client could take all",
    "[limits]\nin_flight = 100": "line 2: limits.in_flight_per_client is 512, more than"
    " limits.in_flight, 100: one client could take all; set limits.in_flight_per_client too",
    '[cache]\nstale_after = "5s"': 'line 2: cache.stale_after is "5s", more than'
    ' upstream.deadline, "4s": the client has had its answer by then',
    '[cache]\nmax_ttl = "1h"': 'line 2: cache.max_negative_ttl is "3h", more than cache.max_ttl',
    '[records]\nretention = "1d"': 'line 2: records.minutes is "2d", more than records.retention,',
}


@pytest.mark.parametrize("text", AT_ODDS)
def test_contradiction_is_refused(text: str) -> None:
    """Settings that cannot both be meant are refused, at the line of the one that was written."""
    with pytest.raises(SettingsError) as caught:
        read(text, "dnswatch.toml")
    assert f"dnswatch.toml, {AT_ODDS[text]}" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '[roles]\nservers = ["192.0.2.0/24"]\nmail_servers = ["192.0.2.25"]',
        '[cache]\nstale = 0\nstale_after = "5s"',
        '[groups]\nlab = ["192.0.2.0/24"]\n"süd" = ["192.0.2.0/24"]',
        '[upstream]\nservers = ["udp://127.0.0.1:53", "tcp://127.0.0.1:53", "tls://127.0.0.1:5353"]',
        '[[forward]]\ndomain = "a.example"\nservers = ["192.0.2.1"]\n'
        '[[forward]]\ndomain = "b.a.example"\nservers = ["192.0.2.1"]',
    ],
)
def test_what_only_looks_odd_is_accepted(text: str) -> None:
    """Narrower networks in another role, groups that overlap, domains in domains: all are meant."""
    read(text, "dnswatch.toml")


@pytest.mark.parametrize(
    ("listening", "server", "own"),
    [
        ("0.0.0.0:53", "127.0.0.53", True),
        ("[::]:53", "::1", True),
        ("[::]:53", "127.0.0.1", False),
        ("0.0.0.0:53", "192.0.2.1", False),
        ("192.0.2.1:53", "tls://192.0.2.1:53", False),
        ("127.0.0.1:53", "127.0.0.1:54", False),
    ],
)
def test_own_endpoint_is_known(listening: str, server: str, own: bool) -> None:
    """An upstream is ourselves where it reaches one of our endpoints, wildcards included."""
    assert is_own(Server(server), Serve(listen=(Endpoint(listening),))) is own
