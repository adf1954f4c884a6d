"""What persons decide, and how a bay hears of it."""

import os
from pathlib import Path

import pytest

from dnswatch.bay.queue import orders
from dnswatch.bay.record import Decision
from dnswatch.errors import SpoolError
from tests.bay.mail import NOW, keep, spool_in

ORDER = Decision(at=NOW, fate="release", actor="anna")


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


def test_no_order_stays_unheard_of(tmp_path: Path) -> None:
    """What was decided before an order that fails is heard of by the bay all the same."""
    spool = spool_in(tmp_path)
    one = keep(spool, 1)
    with pytest.raises(SpoolError, match="there is no"):
        orders.give(spool, [(one, ORDER), ("0" * 22, ORDER)])
    assert spool.message(one).state == "releasing"
    assert one in orders.take(spool)


def test_an_order_that_cannot_be_told_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk nothing is decided, and what was told before stays whole."""
    spool = spool_in(tmp_path)
    one, other = keep(spool, 1), keep(spool, 2)
    orders.give(spool, [(one, ORDER)])
    with monkeypatch.context() as full:
        write = os.write
        full.setattr(os, "write", lambda number, data: write(number, data[:5]))
        with pytest.raises(SpoolError, match="orders': the disk is full: make room; nothing was"):
            orders.give(spool, [(other, ORDER)])
    assert spool.message(other).state == "waiting"
    assert orders.take(spool) == [one]


def test_an_order_for_no_message(tmp_path: Path) -> None:
    """The error names what is missing."""
    with pytest.raises(SpoolError, match="there is no"):
        orders.give(spool_in(tmp_path), [("0" * 22, ORDER)])
