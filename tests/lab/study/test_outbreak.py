"""The outbreak: the paper's heuristic."""

from dnswatch.lab.study.outbreak import SuspectSender, onset, read, suspects


def sender(*flows: int, sized: int = 0, similar: int = 0) -> SuspectSender:
    """Describe a host by its SMTP flows of each day; payloads are those of the last day."""
    last = len(flows) - 1
    return SuspectSender(dict(enumerate(flows)), {last: sized}, {last: similar})


def test_the_onset_is_where_mail_jumps() -> None:
    """The day is found at which the rate changes, within the week's ups and downs."""
    week = [500, 480, 300, 290, 510, 505, 495]
    assert onset(week * 2 + [9000, 15_000, 12_000, 9000]) == 14
    assert onset([0] * 12 + [4] * 3) == 12


def test_ups_and_downs_are_no_outbreak() -> None:
    """A week, a slow rise, an end of something, or nothing at all is no outbreak."""
    assert onset([500, 480, 300, 290, 510, 505, 495] * 4) is None
    assert onset([100, 110, 120, 130, 140]) is None
    assert onset([9000, 9000, 10, 10]) is None
    assert onset([0, 0, 0]) is None
    assert onset([]) is None


def test_who_changed_is_suspected() -> None:
    """A host that sends many mails, and sent next to none before, is suspected; no other is."""
    senders = {
        "10.0.0.1": sender(0, 2, 900),
        "10.0.0.2": sender(0, 0, 30),
        "10.0.0.3": sender(800, 850, 900),
        "10.0.0.4": sender(900, 0, 0),
    }
    assert suspects(senders, 2, by_size=False) == ["10.0.0.1"]


def test_payloads_refine_the_suspicion() -> None:
    """Whose known payloads differ from the worm's is let go; who has none known is kept."""
    senders = {
        "10.0.0.1": sender(0, 100, sized=100, similar=80),
        "10.0.0.2": sender(0, 100, sized=100, similar=20),
        "10.0.0.3": sender(0, 100),
    }
    assert suspects(senders, 1, by_size=True) == ["10.0.0.1", "10.0.0.3"]
    assert suspects(senders, 1, by_size=False) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_rows_are_gathered_by_host() -> None:
    """Each row is one host's day."""
    rows = [
        {"source": "10.0.0.1", "bin": 3, "smtp": 5, "smtp_sized": 4, "smtp_similar": 1},
        {"source": "10.0.0.1", "bin": 4, "smtp": 6, "smtp_sized": 0, "smtp_similar": 0},
    ]
    assert read(rows) == {"10.0.0.1": SuspectSender({3: 5, 4: 6}, {3: 4, 4: 0}, {3: 1, 4: 0})}
