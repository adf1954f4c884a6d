"""People are as unequal as people are."""

from collections import Counter
from random import Random
from statistics import mean, median

import pytest

from dnswatch.lab.campus.errands import RATE, Scene, Servers, What, errands, people


def test_most_people_hardly_ever_look_up_a_mail_domain() -> None:
    """The mean is what was asked for, half of them do less than half of it."""
    found = people(Random(1), (n.to_bytes(4, "big") for n in range(3000)))
    assert mean(one.rate for one in found) == pytest.approx(RATE, rel=0.1)
    assert median(one.rate for one in found) < RATE / 2


DAY = 86400.0
FORM, MONITOR = b"form", b"moni"


def played(servers: Servers) -> list[tuple[float, bytes, What]]:
    those = people(Random(1), (n.to_bytes(4, "big") for n in range(100)))
    scene = Scene(those, servers, 0.0, 14 * DAY, lambda chance: f"d{chance.randrange(99)}.org")
    return [(one.at, one.who, one.what) for one in errands(scene, Random(2))]


def test_errands_come_in_order_of_time() -> None:
    """However many streams they are of."""
    times = [at for at, _, _ in played(Servers(form=FORM, monitor=MONITOR))]
    assert times == sorted(times)
    assert times[-1] < 15 * DAY


def test_a_host_that_is_not_there_runs_none() -> None:
    """A site without a web form has nobody who checks its addresses."""
    some, none = (
        Counter(who for _, who, _ in played(servers))
        for servers in (Servers(form=FORM, monitor=MONITOR), Servers())
    )
    assert some[MONITOR] == 14 * 24 * 10
    assert some[FORM] > 50
    assert not none[FORM]
    assert not none[MONITOR]


def test_people_deliver_check_and_set_up_their_programs() -> None:
    """Each of the three kinds of errands happens within two weeks."""
    assert {what for _, _, what in played(Servers())} == set(What)
