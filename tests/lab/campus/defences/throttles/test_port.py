"""Nobody but mail servers connects to port 25."""

from math import inf

from dnswatch.lab.campus.defences.throttles.port import PortFilter
from tests.lab.campus.defences.acting import ONE, OTHER, contact


def test_only_mail_servers_reach_port_25() -> None:
    """A client's SMTP never leaves, its browsing and a mail server's SMTP do."""
    router = PortFilter([OTHER])
    assert router.leaves(contact(0, 1, client=ONE)) == inf
    assert router.leaves(contact(0, 1, client=ONE, port=443)) == 0
    assert router.leaves(contact(0, 1, client=OTHER)) == 0
