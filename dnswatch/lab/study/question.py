"""The question: what is asked of a trace, before anything is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from dnswatch.lab.study.bins import DAY
from dnswatch.lab.study.hosts import Declared
from dnswatch.lab.study.trace import TranslationView
from dnswatch.model.translations import WINDOW
from dnswatch.settings import Network, Roles


@dataclass(frozen=True, slots=True)
class TraceQuestion:
    """What is asked of a trace."""

    name: str
    place: str
    "Folder of the data set."
    networks: Sequence[Network] = ()
    "The site's."
    roles: Roles = field(default_factory=Roles)
    declared: Declared = field(default_factory=Declared)
    begin: float | None = None
    "Leave out what was before, Unix seconds."
    end: float | None = None
    onset: float | None = None
    "First day of the outbreak, Unix seconds; else it is found."
    worm_bytes: int | None = None
    "Payload of the worm's mails, for the heuristic."
    width: int = DAY
    "Of the bins, seconds."
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    window: float = WINDOW
    "How long an address is freshly translated, at most, seconds."
    view: TranslationView = TranslationView.EDGE
    per_member: bool = False
    "Average over all hosts of a group, not over those that were active."
