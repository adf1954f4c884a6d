"""What is remembered of clients."""

from dnswatch.bay.inspection.campaign import CLIENTS, PER_CLIENT, Recent, people
from tests.bay.inspection.letters import envelope


def test_what_is_older_than_the_window_is_forgotten() -> None:
    """Memory ends with the window; a key that comes again is new again."""
    recent: Recent[str, int] = Recent(60)
    recent.add("client", "a", 1, now=0)
    recent.add("client", "b", 2, now=30)
    assert dict(recent.add("client", "a", 3, now=60)) == {"b": 2, "a": 3}
    assert dict(recent.add("client", "c", 4, now=90)) == {"a": 3, "c": 4}


def test_memory_is_bounded() -> None:
    """However many clients send however much, no more than the bounds is remembered."""
    recent: Recent[int, None] = Recent(60)
    for number in range(PER_CLIENT * 3):
        recent.add("loud", number, None, now=0)
    assert len(list(recent.all(0))) == PER_CLIENT
    for number in range(CLIENTS * 2):
        recent.add(str(number), 0, None, now=0)
    assert len(list(recent.all(0))) == CLIENTS


def test_one_client_does_not_crowd_out_another() -> None:
    """A client that sends without end makes only itself forgotten."""
    recent: Recent[int, None] = Recent(60)
    recent.add("quiet", 7, None, now=0)
    for number in range(PER_CLIENT * 3):
        recent.add("loud", number, None, now=0)
    assert ("quiet", 7, None) in recent.all(0)


def test_people_are_the_same_in_any_order() -> None:
    """A message to the same people is known again, however they are ordered and written."""
    one = envelope(recipients=("a@x.example", "B@x.example"))
    two = envelope(recipients=("b@x.example", "A@x.example"))
    assert people(one) == people(two) != people(envelope(recipients=("a@x.example",)))
