"""Who guesses waits."""

from dnswatch.web.backoff import FREE, LONGEST, MOST, Backoff


def test_the_wait_doubles_up_to_a_bound() -> None:
    """A person may mistype; a program gets a guess in five minutes."""
    backoff, waits = Backoff(), []
    for _ in range(FREE + 12):
        backoff.wrong(["a"], 0.0)
        waits.append(backoff.wait(["a", "b"], 0.0))
    assert waits[: FREE + 2] == [0.0] * (FREE - 1) + [1.0, 2.0, 4.0]
    assert waits[-1] == LONGEST
    assert backoff.wait(["b"], 0.0) == 0.0
    backoff.right(["a"])
    assert backoff.wait(["a"], 0.0) == 0.0


def test_the_table_is_bounded() -> None:
    """Guesses from everywhere make it forget the oldest, not grow."""
    backoff = Backoff()
    for number in range(MOST + 100):
        for _ in range(FREE):
            backoff.wrong([str(number)], 0.0)
    assert len(backoff._wrong) == MOST
    assert backoff.wait(["0"], 0.0) == 0.0
    assert backoff.wait([str(MOST + 99)], 0.0) > 0
