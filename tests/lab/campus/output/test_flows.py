"""Flows as a router counts them."""

import numpy as np

from dnswatch.lab.campus.defences.acts import Contact
from dnswatch.lab.campus.output.flows import flow_of, web_flows
from dnswatch.lab.campus.site.browsing import Day
from dnswatch.lab.campus.world.outside import HTTP
from dnswatch.model.flow import Outcome
from tests.lab.campus.scene import campus, plan

CONTACT = Contact(5.0, b"\x0a\0\0\1", b"\x0b\0\0\1", 25, True)


def test_a_worms_mail_is_as_large_as_the_worm() -> None:
    """SoBig's had 100 kB, which is how the paper told it from other mails (its section 5)."""
    worm, honest = (flow_of(CONTACT, True, is_worm).payload or 0 for is_worm in (True, False))
    assert worm >= 100_000 > honest > 0
    failed = flow_of(CONTACT, False, True)
    assert (failed.outcome, failed.payload) == (Outcome.FAILURE, 0)


def test_connections_of_a_day_become_flows() -> None:
    """One each."""
    day = Day(np.array([1.0, 2.0]), np.array([0, 0]), np.array([3, 4]))
    flows = list(web_flows(day, [b"\x0a\0\0\1"], campus(plan()).outside))
    assert [(flow.at, flow.port) for flow in flows] == [(1.0, 80), (2.0, 80)]
    assert flows[0].destination != flows[1].destination


def test_a_worms_call_is_no_mail() -> None:
    """It is as large as a part of a page."""
    call = flow_of(CONTACT._replace(port=HTTP), True, True)
    assert (call.port, call.outcome) == (HTTP, Outcome.SUCCESS)
    assert (call.payload or 0) < 1000
