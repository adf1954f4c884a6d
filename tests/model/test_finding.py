"""A finding is stored with the client's case, and comes back whole."""

import msgspec

from dnswatch.model.finding import Finding


def test_a_finding_survives_storage() -> None:
    """What is stored of a finding is the finding."""
    finding = Finding(7, 60.0, b"10.0.0.66", "worm", "m1", "ClamAV knows it as 'Win.Worm.Test'")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(finding), type=Finding) == finding
