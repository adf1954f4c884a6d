"""What study was asked: its traces and options, read into questions.

Captures become a data set for as long as they are studied.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import typer

from dnswatch.lab.study.hosts import Declared, read_groups
from dnswatch.lab.study.question import TraceQuestion
from dnswatch.lab.study.trace import TranslationView
from dnswatch.settings import Duration, Network, Settings, Size, Subnet

_NAMED: Final = re.compile(r"([\w.-]+)=(.+)")


@contextmanager
def places(what: Sequence[str], *, is_remote: bool) -> Iterator[list[tuple[str, str]]]:
    """Name each trace and its data set; `is_remote` lets an engine find it by a URL."""
    files = [text for text in what if Path(text).is_file()]
    if not files:
        yield _distinct([_place(text, is_remote) for text in what])
        return
    if len(files) < len(what):
        raise typer.BadParameter("give data sets or captures, not both")
    with TemporaryDirectory(prefix="dnswatch-study-") as folder:
        _replay(files, Path(folder))
        yield [(_stem(files[0]), folder)]


def named(text: str) -> tuple[str, str]:
    """Split `NAME=VALUE`; the name is empty where there is none."""
    match = _NAMED.fullmatch(text)
    return (match[1], match[2]) if match else ("", text)


def _place(text: str, is_remote: bool) -> tuple[str, str]:
    name, place = ("", text) if Path(text).exists() else named(text)
    if not Path(place).is_dir() and not (is_remote and "://" in place):
        raise typer.BadParameter(f"'{place}' is neither a directory with a data set nor a capture")
    return name or _stem(place), place


def _distinct(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise typer.BadParameter(f"two traces are called '{name}': name them, NAME=DIR")
    return found


def _stem(place: str) -> str:
    """Name a trace by its file or folder, in letters that a file name can hold."""
    name = Path(place.rstrip("/")).resolve().name if "://" not in place else place
    return re.sub(r"[^\w-]+", "-", name.rstrip("/").rpartition("/")[2].partition(".")[0]) or "trace"


def _replay(files: Sequence[str], folder: Path) -> None:
    """Write captures as a data set; what is damaged in them is said."""
    from dnswatch.replay.replaying import Replay
    from dnswatch.sources.crew import Crew
    from dnswatch.sources.dataset import DataSet
    from dnswatch.sources.stream import Stream

    with Crew(None) as crew, DataSet(folder) as data:
        run = Replay(Stream(list(files), crew), None, data)
        for _ in run.run():
            pass
    if run.summary.is_damaged:
        typer.echo("something in these files was damaged: `dnswatch replay` tells what", err=True)


_LOCALTIME: Final = Path("/etc/localtime")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that hold for all traces, as they were typed."""

    settings: Settings
    groups: Path | None
    site: Sequence[str]
    begin: str | None
    end: str | None
    width: str
    zone: str | None
    window: str
    view: str
    per: str

    def questions(
        self,
        places: Sequence[tuple[str, str]],
        outbreaks: Sequence[str],
        sizes: Sequence[str],
    ) -> list[TraceQuestion]:
        """Ask the same of each trace, but for what `NAME=...` says of one."""
        zone = zone_of(self.zone)
        networks = self._networks()
        names = [name for name, _ in places]
        onsets = _by_trace(outbreaks, "--outbreak", names, lambda text: moment(text, zone))
        worms = _by_trace(sizes, "--worm-size", names, Size.parse)
        begin, end = (
            None if text is None else _read(text, option, lambda text: moment(text, zone))
            for text, option in ((self.begin, "--begin"), (self.end, "--end"))
        )
        return [
            TraceQuestion(
                name=name,
                place=place,
                networks=networks,
                roles=self.settings.roles,
                declared=read_groups(self.groups, name) if self.groups else Declared(),
                begin=begin,
                end=end,
                onset=onsets.get(name, onsets.get("")),
                worm_bytes=worms.get(name, worms.get("")),
                width=int(_read(self.width, "--bin", Duration.parse)),
                zone=zone,
                window=_read(self.window, "--window", Duration.parse),
                view=TranslationView(self.view),
                per_member=self.per == "member",
            )
            for name, place in places
        ]

    def _networks(self) -> list[Network]:
        if not self.site:
            return [subnet.network for subnet in self.settings.access.networks]
        return [_read(text, "--site", Subnet).network for text in self.site]


def zone_of(text: str | None) -> ZoneInfo:
    """Find a zone by its name; none means the local one, which has a name only sometimes."""
    if text is not None:
        with suppress(KeyError, ValueError, OSError):
            return ZoneInfo(text)
        raise typer.BadParameter(
            f"there is no zone '{text}', only the likes of Europe/Berlin", param_hint="--zone"
        )
    with suppress(KeyError, ValueError, OSError):
        return ZoneInfo(os.environ["TZ"] if os.environ.get("TZ") else _local_name())
    with suppress(KeyError, ValueError, OSError), _LOCALTIME.open("rb") as file:
        return ZoneInfo.from_file(file, key="local time")
    return ZoneInfo("UTC")


def _local_name() -> str:
    return str(_LOCALTIME.resolve()).partition("/zoneinfo/")[2]


def moment(text: str, zone: ZoneInfo) -> float:
    """Read a date, or a date and time; in `zone` where it names none."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError('expected a date like "2003-08-17" or "2003-08-17 14:00"') from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()


def _by_trace(
    texts: Sequence[str], option: str, names: Sequence[str], read: Callable[[str], T]
) -> dict[str, T]:
    """Read values that are meant for one trace, or for all (under no name)."""
    found = {}
    for text in texts:
        name, value = named(text)
        if name and name not in names:
            raise typer.BadParameter(
                f"no trace is called '{name}', only {', '.join(names)}", param_hint=option
            )
        found[name] = _read(value, option, read)
    return found


def _read(text: str, option: str, read: Callable[[str], T]) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}': {error}", param_hint=option) from None
