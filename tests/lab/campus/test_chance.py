"""Chance: what one part draws changes nothing for another."""

from dnswatch.lab.campus.chance import chance, numbers


def test_one_seed_and_use_give_one_row_of_numbers() -> None:
    """Another use or another seed gives others."""
    rows = [chance(*key).random() for key in ((1, "a"), (1, "a"), (1, "b"), (2, "a"))]
    assert rows[0] == rows[1]
    assert len(set(rows)) == 3
    assert numbers(1, "a").random() == numbers(1, "a").random() != numbers(2, "a").random()
