"""What a worker may have open is added up, and what is open is told."""

from dnswatch.proxy.descriptors import in_use, needed
from tests.resolver.scripted import configured


def test_each_thing_that_a_site_adds_needs_its_files() -> None:
    """Connections one each, upstreams twice their sockets, endpoints in every worker."""
    usual = needed(configured())
    assert needed(configured("limits.tcp_connections = 1500")) == usual + 500
    more = configured('upstream.sockets = 257\nforward = [{domain = "a", servers = ["10.0.0.1"]}]')
    assert needed(more) == usual + 2 * (1 + 257 + 8)
    assert needed(configured('serve.redirected = ["127.0.0.1:5454"]')) > usual
    assert needed(configured("serve.workers = 4")) > usual


def test_a_default_site_needs_no_more_than_any_machine_allows() -> None:
    """Linux has had a hard limit of 4,096 at least since long ago, and systemd 524,288."""
    assert needed(configured()) < 4096


def test_nothing_is_told_of_a_process_that_is_no_supervisor() -> None:
    """Nor of one that is gone."""
    assert list(in_use(1 << 30)) == []
