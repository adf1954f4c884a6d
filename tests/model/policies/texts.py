"""Texts of policies for tests."""

from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).parents[3] / "policies"


def policy(
    name: str = "slow",
    action: str = "delay",
    evidence: str = "suspect",
    precedence: int = 100,
    whom: str = "",
    more: str = "",
) -> str:
    """Write a policy; `whom` goes to applies_to, `more` to the top."""
    return f"""
name = "{name}"
summary = "A policy of a test."
since = "now"
precedence = {precedence}
action = "{action}"
false_alarms = "None."
{more}
[applies_to]
evidence = "{evidence}"
{whom}
"""


def shipped(name: str) -> str:
    """Return the text of a policy that comes with dnswatch."""
    return (SHIPPED / f"{name}.toml").read_text()
