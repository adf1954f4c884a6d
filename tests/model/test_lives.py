"""Lives end in the order of their ends, however often those are put off."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.lives import Lives


@dataclass
class One:
    """A life."""

    expiry: float


keys = st.sampled_from([b"a", b"b", b"", bytes(255)])
steps = st.lists(st.tuples(keys, st.floats(0, 50)), max_size=40)


@given(steps, st.floats(0, 60))
def test_what_has_ended_comes_out_in_order(stream: list[tuple[bytes, float]], now: float) -> None:
    """All that ended by now comes out once, the first first; the rest lives on."""
    lives: Lives[One] = Lives()
    for key, expiry in stream:
        if key in lives.by_key:
            lives.by_key[key].expiry = max(lives.by_key[key].expiry, expiry)
        else:
            lives.add(key, One(expiry))
    all_lives = sorted((one.expiry, key) for key, one in lives.by_key.items())
    timer = lives.timer()
    assert (timer is None) == (not all_lives)
    assert timer is None or timer <= all_lives[0][0]
    ended = [(one.expiry, key) for key, one in lives.ended(now)]
    assert ended == [(expiry, key) for expiry, key in all_lives if expiry <= now]
    rest = [lives.take_first()[0] for _ in range(len(lives))]
    assert rest == [key for expiry, key in all_lives if expiry > now]
    assert len(lives) == 0
