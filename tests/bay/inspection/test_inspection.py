"""All inspectors together."""

import logging
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from dnswatch.bay.inspection import Inspection
from dnswatch.bay.inspection.opinions import Inspected, Said
from dnswatch.bay.record import Envelope, Judged
from dnswatch.settings import Daemon, Duration, Inspect, Url
from tests.bay.clamd import EICAR, Clamd
from tests.bay.inspection.letters import PROGRAM, envelope, letter, run


def judge(
    settings: Inspect,
    path: Path,
    sealed: list[Envelope],
    *,
    then: Callable[[Inspected], Coroutine[Any, Any, Said]] | None = None,
) -> list[Judged]:
    """Judge one message under several envelopes, one after the other."""

    async def main() -> list[Judged]:
        inspection = Inspection(settings, local=(), now=lambda: 1000.0)
        if then:
            inspection._own[0].look = then  # type: ignore[method-assign, assignment]
        try:
            return [await inspection.judge(one, path) for one in sealed]
        finally:
            await inspection.close()

    return run(main)


def written(path: Path, message: bytes) -> Envelope:
    """Write a message down."""
    path.write_bytes(message)
    return envelope(size=len(message))


def test_ordinary_mail_is_clean(scanner: Clamd, filtering: str, tmp_path: Path) -> None:
    """A person's message that all inspectors have seen is clean, and each has given its reason."""
    settings = Inspect(clamd=Daemon(scanner.address), rspamd=Url(filtering))
    path = tmp_path / "letter"
    (judged,) = judge(settings, path, [written(path, letter(("cv.pdf", b"%PDF")))])
    assert judged.verdict == "clean", judged
    assert {opinion.inspector for opinion in judged.opinions} == {
        "programs",
        "containers",
        "campaign",
        "sizes",
        "sender",
        "manners",
        "clamav",
        "rspamd",
    }
    assert all(opinion.reason for opinion in judged.opinions)


def test_plain_text_is_judged_at_once_as_later(tmp_path: Path) -> None:
    """A text without a file gets the verdict and the opinions that it would get with one."""
    path, text = tmp_path / "letter", letter(text="Hello.\r\n" * 50)
    later = judge(Inspect(), path, [written(path, text)] * 6)

    async def main() -> list[Judged | None]:
        inspection = Inspection(Inspect(), local=(), now=lambda: 1000.0)
        return [
            await inspection.judge_text(envelope(size=len(text)), tmp_path / "none", text)
            for _ in range(6)
        ]

    assert run(main) == later


@pytest.mark.parametrize(
    ("settings", "message"),
    [(Inspect(clamd=Daemon("127.0.0.1:1")), letter()), (Inspect(), letter(("a.exe", PROGRAM)))],
)
def test_what_others_have_to_look_at_waits_for_them(settings: Inspect, message: bytes) -> None:
    """A scanner that is configured is asked of every message, and files are opened elsewhere."""

    async def main() -> Judged | None:
        inspection = Inspection(settings, local=(), now=lambda: 1000.0)
        return await inspection.judge_text(envelope(), Path("none"), message)

    assert run(main) is None


def test_known_worm_is_a_worm(scanner: Clamd, tmp_path: Path) -> None:
    """A message with a signature of ClamAV's is a worm at once."""
    path = tmp_path / "letter"
    sealed = written(path, letter(("a.txt", EICAR.encode())))
    (judged,) = judge(Inspect(clamd=Daemon(scanner.address)), path, [sealed])
    assert (judged.verdict, judged.why) == ("worm", "ClamAV knows it")


def test_unknown_worm_is_found_by_what_it_does(tmp_path: Path) -> None:
    """A program that no scanner knows is suspicious, and a worm once it goes to many people."""
    path = tmp_path / "letter"
    sealed = written(path, letter(("game.exe", PROGRAM)))
    many = [envelope(size=sealed.size, recipients=(f"{number}@x.example",)) for number in range(6)]
    verdicts = [judged.verdict for judged in judge(Inspect(), path, many)]
    assert verdicts == ["unsure"] * 4 + ["worm"] * 2


def test_scanner_that_is_away_makes_nothing_clean(tmp_path: Path) -> None:
    """With both scanners away a message is unsure, and it is said why."""
    path = tmp_path / "letter"
    settings = Inspect(clamd=Daemon("127.0.0.1:1"), rspamd=Url("http://127.0.0.1:1"))
    (judged,) = judge(settings, path, [written(path, letter())])
    assert judged.verdict == "unsure"
    away = [opinion for opinion in judged.opinions if opinion.says == "not-scanned"]
    assert [opinion.inspector for opinion in away] == ["rspamd", "clamav"]
    assert all("is away" in opinion.reason for opinion in away)


def test_message_that_is_not_there_is_not_scanned(scanner: Clamd, tmp_path: Path) -> None:
    """A message whose file is gone is unsure, and nothing raises."""
    settings = Inspect(clamd=Daemon(scanner.address))
    (judged,) = judge(settings, tmp_path / "none", [envelope()])
    assert judged.verdict == "unsure"


def test_slow_message_costs_no_more_than_the_deadline(tmp_path: Path) -> None:
    """A message that never ends is given up at the deadline; what needs it has not scanned it."""
    os.mkfifo(tmp_path / "endless")
    (judged,) = judge(Inspect(deadline=Duration(0.5)), tmp_path / "endless", [envelope()])
    said = {opinion.inspector: opinion.says for opinion in judged.opinions}
    assert said["programs"] == said["containers"] == said["campaign"] == "not-scanned"
    assert said["manners"] == "clean"
    assert judged.verdict == "unsure"


def test_broken_inspector_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An inspector with a fault has not scanned the message; the log has its traceback."""

    async def stumble(_: Inspected) -> Said:
        raise ZeroDivisionError

    path = tmp_path / "letter"
    with caplog.at_level(logging.ERROR):
        (judged,) = judge(Inspect(), path, [written(path, letter())], then=stumble)
    assert [opinion.says for opinion in judged.opinions][:2] == ["not-scanned", "clean"]
    assert "inspector programs failed" in caplog.text
