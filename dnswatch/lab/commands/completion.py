"""What the shell completes of the laboratory: scenarios and worms."""

from dnswatch.cli.completion import Words, fitting


def scenarios(incomplete: str) -> Words:
    """Offer the scenarios of the campus that come with dnswatch."""
    from dnswatch.lab.campus.scenarios import names

    return fitting(((name, "") for name in names()), incomplete)


def worms(incomplete: str) -> Words:
    """Offer the worms that come with dnswatch."""
    from dnswatch.lab.campus.worms.shipped import names

    return fitting(((name, "") for name in names()), incomplete)
