"""The page of published results: one generated block for each measurement in a Markdown file."""

import platform
import re
from datetime import date
from pathlib import Path

from bench.errors import BenchError


def publish(page: Path, name: str, block: str) -> None:
    """Replace the block of the measurement `name` in the page."""
    page.write_text(replace_block(page.read_text(), name, block, str(page)))


def replace_block(text: str, name: str, block: str, where: str) -> str:
    """Replace what stands between the two marks of `name`."""
    first, last = f"<!-- measured: {name} -->\n", f"<!-- end of {name} -->"
    before, begun, rest = text.partition(first)
    _, ended, after = rest.partition(last)
    if not (begun and ended):
        raise BenchError(
            f"{where} has no place for the results: it lacks {first.strip()} or {last}"
        )
    return f"{before}{first}\n{block.strip()}\n\n{last}{after}"


def block_of(text: str, name: str) -> str:
    """Return what stands between the two marks of `name`; nothing where there are none."""
    _, _, rest = text.partition(f"<!-- measured: {name} -->\n")
    return rest.partition(f"<!-- end of {name} -->")[0]


def origin(command: str, versions: dict[str, str], today: date) -> str:
    """Say where results come from: command, date, machine, versions."""
    programs = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"`{command}`, {today.isoformat()}, on {machine()}; {programs}."


def machine() -> str:
    """The machine in words that name its kind and not its owner."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    cores = len(re.findall(r"^processor\s*:", Path("/proc/cpuinfo").read_text(), re.MULTILINE))
    release = re.match(r"[\d.]+", platform.release())
    kernel = release[0].rstrip(".") if release else "of unknown version"
    python = platform.python_version()
    return (
        f"{cpu[1] if cpu else platform.machine()}, {cores} cores, Linux {kernel}, Python {python}"
    )
