"""Orders: what persons said while the server runs; they survive a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dnswatch.model.role import Role


class Word(StrEnum):
    """What a person says of a client."""

    CLEAR = "clear"
    "It is clean now: what was seen before counts no more."
    TRUST = "trust"
    "It is clean, whatever is seen."
    DISTRUST = "distrust"
    "It is infected, whatever is seen."


@dataclass(frozen=True, slots=True)
class Overrule:
    """A person's word on one client, above the detector's."""

    word: Word
    at: float
    "When it was said, Unix seconds."
    until: float
    "When it ends, Unix seconds; infinite where it stands until another word."
    why: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """All that persons said, as it is in force."""

    enabled: frozenset[str] = frozenset()
    "The names of the policies that are switched on."
    overrules: Mapping[str, Overrule] = field(default_factory=dict)
    "By the client's key in the store."
    roles: Mapping[str, Role] = field(default_factory=dict)
    "Roles that were confirmed, by the client's key; the configuration comes first."
    dry_runs: frozenset[str] = frozenset()
    "Of `enabled`, those that shall only tell what they would do."
