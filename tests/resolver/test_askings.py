"""When a client asked first."""

from dnswatch.resolver.askings import LIMIT, MEMORY, Askings

MX = (b"\n\0\0\6", b"\1a\0", 15)


def test_a_retry_is_no_new_asking() -> None:
    """The same client, name and type within the memory is a retry; another type is not."""
    askings = Askings()
    assert askings.first(MX, 100.0) == 100.0
    assert askings.first(MX, 105.0) == 100.0
    assert askings.first((*MX[:2], 1), 105.0) == 105.0
    assert askings.first(MX, 100.0 + MEMORY) == 100.0 + MEMORY


def test_askings_are_bounded() -> None:
    """A flood of questions does not make the memory grow: the oldest goes."""
    askings = Askings()
    for number in range(LIMIT + 1):
        askings.first((b"", b"%d" % number, 15), 1.0)
    assert askings.first((b"", b"0", 15), 2.0) == 2.0
    assert askings.first((b"", b"%d" % LIMIT, 15), 2.0) == 1.0
