"""Many messages into a bay that is killed again and again, and whose disk loses what it may lose.

    python -m tests.bay.kills --messages 10000 --kills 20

After each kill the files of messages that the journal still holds are spoilt as a power cut may
spoil what was never forced to the disk: gone, empty, cut short, or full of zeros.  At the end every
message that was acknowledged must be there, byte for byte, and nothing that nobody sent.  The tests
do the same with fewer messages (`test_process.py`).
"""

import argparse
import random
import shutil
import smtplib
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from dnswatch.bay.journal import SpoolJournal
from tests import check
from tests.bay.test_process import Bay

CONNECTIONS: Final = 10

HOLDS: Final = '[bay.fates]\nclean = "hold"\nunsure = "hold"\n'

SPOILS: Final[tuple[Callable[[Path], object], ...]] = (
    lambda path: path.unlink(),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    lambda path: path.write_bytes(bytes(path.stat().st_size)),
)


def message(number: int) -> bytes:
    """Write a message that is told from all others; every other one is no plain text."""
    kind = "Content-Type: text/html\r\n" * (number % 2)
    return f"Subject: {number}\r\n{kind}\r\n".encode() + b"line %d\r\n" % number * 500


class Sender:
    """Sends messages until all of a round are acknowledged, or the bay is gone."""

    def __init__(self, bay: Bay) -> None:
        """Send to `bay`."""
        self._bay = bay
        self.acknowledged: set[int] = set()
        self.sent: set[int] = set()

    def send(self, number: int) -> None:
        """Send one message, over a connection of its own."""
        self.sent.add(number)
        try:
            with smtplib.SMTP("127.0.0.1", self._bay.port, "x", check.PATIENCE) as client:
                client.sendmail(f"{number}@b.example", ["c@d.example"], message(number))
        except (OSError, smtplib.SMTPException):
            return
        self.acknowledged.add(number)


def cut_power(spool: Path, chance: random.Random) -> int:
    """Spoil files that were never forced to the disk; returns how many."""
    copy = spool.parent / "copy"
    shutil.copy(spool / "journal", copy)
    journal = SpoolJournal(copy)
    idents = [entry.ident for entry in journal.entries()]
    journal.close()
    spoilt = 0
    for ident in idents:
        for path in (spool / "new" / ident, spool / "records" / f"{ident}.jsonl"):
            if chance.random() < 0.5 and path.exists():
                chance.choice(SPOILS)(path)
                spoilt += 1
    return spoilt


def run(messages: int, kills: int, chance: random.Random, folder: Path) -> str:
    """Send, kill and spoil; returns what was found, or fails."""
    bay = Bay(folder, HOLDS)
    bay.start()
    sender, spoilt = Sender(bay), 0
    size = messages // kills
    try:
        for begin in range(0, messages, size):
            rounds = list(range(begin, min(begin + size, messages)))
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                at = chance.uniform(0.3, 0.9) * len(rounds)
                before = len(sender.acknowledged)
                done = pool.map(sender.send, rounds)
                check.eventually(lambda: len(sender.acknowledged) - before >= at)  # noqa: B023
                bay.kill()
                list(done)
            spoilt += cut_power(bay.spool.path, chance)
            bay.start()
            # What was not acknowledged comes again, as a mail server brings it.
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                list(pool.map(sender.send, sorted(sender.sent - sender.acknowledged)))
            kept = bay.kept()
            lost = [one for one in sender.acknowledged if message(one) not in kept]
            assert not lost, f"acknowledged and lost: {lost[:10]}"
            assert set(kept) <= {message(number) for number in sender.sent}
            assert all(kept[message(one)].is_ours for one in sender.acknowledged)
    finally:
        bay.close()
    assert len(sender.acknowledged) == messages
    return f"{messages:,} messages, {kills} kills, {spoilt:,} files spoilt: none lost, none half"


def main() -> None:
    """Run as told on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        said = run(told.messages, told.kills, random.Random(told.seed), Path(folder))
    sys.stdout.write(f"{said}, in {time.monotonic() - begun:.0f} s\n")


if __name__ == "__main__":
    main()
