"""What persons decide, and how a bay hears of it."""

from pathlib import Path

import pytest

from dnswatch.bay.desk import orders
from dnswatch.bay.record import Decided
from dnswatch.errors import SpoolError
from tests.bay.mail import NOW, keep, spool_in

ORDER = Decided(at=NOW, fate="release", actor="anna")


def test_an_order_is_in_the_record_and_heard_once(tmp_path: Path) -> None:
    """It holds whether or not a bay runs; one that runs is told which messages it is about."""
    spool = spool_in(tmp_path)
    one, other = keep(spool, 1), keep(spool, 2)
    assert not orders.are_there(spool)
    orders.give(spool, [(one, ORDER), (other, ORDER), (one, ORDER)])
    assert spool.message(one).state == "releasing"
    assert orders.are_there(spool)
    assert orders.take(spool) == [one, other]
    assert not orders.are_there(spool)
    assert orders.take(spool) == []


def test_an_order_for_no_message(tmp_path: Path) -> None:
    """The error names what is missing."""
    with pytest.raises(SpoolError, match="there is no"):
        orders.give(spool_in(tmp_path), [("0" * 22, ORDER)])
