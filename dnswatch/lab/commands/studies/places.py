"""Places: where the traces are that study was given; captures become a data set for the while."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import typer

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
