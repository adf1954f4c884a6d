"""Who runs a tunnel, and who only asks for many records."""

import pytest

from dnswatch.codes import Type
from dnswatch.model.detection.tunnels import AGAIN, NAMES, TABLES, WINDOW, Tunnel, Tunnels
from dnswatch.wire.name import from_text

WHO = b"10.0.0.66"
AT = 1_767_571_200.0
ORG = from_text("evil.org")
MIXED = (int(Type.MX), int(Type.TXT), int(Type.CNAME))


def asked(
    tunnels: Tunnels,
    count: int,
    types: tuple[int, ...] = MIXED,
    pace: float = 1.0,
    domain: bytes | None = ORG,
    label: str = "{:016x}",
) -> list[Tunnel]:
    found = []
    for n in range(count):
        name = from_text(label.format(n))[:-1] + (domain or b"\5qqzzx\0")
        one = tunnels.see(WHO, name, types[n % len(types)], domain, AT + n * pace)
        found += [one] if one else []
    return found


def test_ever_new_long_names_in_several_types_are_a_tunnel_and_told_once() -> None:
    """It is told with its domain, its types, and how many names."""
    tunnels = Tunnels()
    [found] = asked(tunnels, 10 * NAMES)
    assert (found.domain, found.names, found.types) == (ORG, NAMES, tuple(sorted(MIXED)))
    assert "questions for CNAME, MX, TXT" in str(found)
    late = tunnels.see(WHO, b"\4late" + ORG, MIXED[0], ORG, AT + AGAIN - 1)
    assert late is None
    tunnels.see(WHO, b"\4late" + ORG, MIXED[0], ORG, AT + 2 * AGAIN)
    assert asked(tunnels, 3 * NAMES) != []


def test_below_no_registered_domain_one_type_suffices() -> None:
    """Nobody has a reason to ask thirty such names for MX."""
    [found] = asked(Tunnels(), 2 * NAMES, (int(Type.MX),), domain=None)
    assert found.domain == b"\0"


@pytest.mark.parametrize(
    "harmless",
    [
        {"types": (int(Type.TXT),)},
        {"types": (int(Type.A), int(Type.AAAA))},
        {"label": "h{}"},
        {"pace": WINDOW / NAMES * 1.1},
        {"label": "the-same-long-name"},
    ],
    ids=["block list in TXT", "web", "short host names", "slow", "one name"],
)
def test_what_honest_machines_do_is_none(harmless: dict[str, object]) -> None:
    """Block lists ask one type, people short names, monitors the same ones."""
    assert asked(Tunnels(), 4 * NAMES, **harmless) == []  # type: ignore[arg-type]


def test_who_goes_to_an_exchange_is_a_mailer() -> None:
    """A worm that mails to random hosts of one domain looks for their exchange's address."""
    tunnels = Tunnels()
    for _ in range(4):
        assert asked(tunnels, NAMES - 1) == []
        tunnels.followed(WHO, ORG, AT + NAMES)


def test_what_is_kept_is_bounded() -> None:
    """Whoever asks below ever new domains fills no memory."""
    tunnels = Tunnels()
    for n in range(TABLES + 10):
        zone = from_text(f"{n}.org")
        tunnels.see(WHO, b"\4name" + zone, MIXED[0], zone, AT)
    assert len(tunnels._tables) <= TABLES
