"""All nodes of a fleet must know clients by the same names."""

from pathlib import Path

from dnswatch.fleet.sameness import sign_of
from dnswatch.settings import read
from tests.fleet.replicas import Replicas, copy

PSEUDONYMS = read("privacy.pseudonyms = true\n", "test")


def test_a_key_is_known_again_and_not_shown(tmp_path: Path) -> None:
    """The sign of a key is the same for the same key alone, and is no part of it."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    sign = sign_of(PSEUDONYMS, one)
    assert sign == sign_of(PSEUDONYMS, one) != sign_of(PSEUDONYMS, other)
    assert sign.strip("~") not in (one / "key").read_bytes().hex()
    assert sign_of(read("", "test"), one) == "plain"


def test_a_node_with_another_key_takes_nothing_over(site: Replicas) -> None:
    """It says what to copy, stands for no lease, and goes on once it has the key."""
    leader, other = site.leads("a", 100, sign="~1"), site.follows("b", "~2")
    other.catch_up()
    assert "copy the file 'key'" in other.trouble
    assert (site.state("b") / "behind").read_text() == other.trouble
    assert [other.position] == [None]
    other.close()
    plain = site.follows("b")
    plain.catch_up()
    assert "privacy.pseudonyms is not the same" in plain.trouble
    plain.close()
    again = site.follows("b", "~1")
    copy(leader, again)
    assert (again.trouble, (site.state("b") / "behind").exists()) == ("", False)
    assert site.rows("a") == site.rows("b")
