"""The shape: the undefended campus is held against the paper, at small size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from bench.shape import judge, main, table
from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.output.dataset import Writing
from dnswatch.lab.campus.scenarios import load
from dnswatch.lab.study.findings import Holds, PaperFinding
from dnswatch.serve.policies import texts

pytestmark = pytest.mark.whole

DAYS: Final = 3
SCENARIOS: Final[Mapping[str, str]] = {"SoBig": "sobig-2003", "MyDoom": "mydoom-2004"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play three days of a tenth of each campus, the worm breaks out on the second."""
    place = tmp_path_factory.mktemp("shape")
    for name, scenario in SCENARIOS.items():
        whole = load(scenario)
        plan = replace(
            whole,
            days=DAYS,
            site=replace(whole.site, hosts=130),
            mail=replace(whole.mail, outgoing=300, incoming=50),
            outbreak=replace(whole.outbreak, day=1.0, first=4, backscatter=0.05),
        )
        campus = Campus(plan, 1, texts(""), is_detailed=True)
        with Writing(campus, place / name):
            campus.run(plan.begin + DAYS * 86400)
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> list[PaperFinding]:
    """Let the study judge them."""
    return judge(folder)


@pytest.mark.parametrize(
    ("name", "trace", "least", "most"),
    [
        ("A2", "SoBig", 0, 0.02),
        ("A2", "MyDoom", 0, 0.02),
        ("A3", "SoBig", 0.4, 0.6),
        ("A3", "MyDoom", 0.4, 0.6),
        ("A4", "SoBig", 0.2, 0.35),
        ("A4", "MyDoom", 0.35, 0.5),
        ("A7", "SoBig", 8, 15),
        ("A7", "MyDoom", 5, 11),
        ("A11", "SoBig", 0, 1),
        ("A11", "MyDoom", 0, 1),
    ],
)
def test_infected_hosts_look_as_the_paper_has_them(
    found: list[PaperFinding], name: str, trace: str, least: float, most: float
) -> None:
    """Shares of mail and of failures, flows to an address, honest lookups: wider than the ranges
    of the study, since a few hosts differ more than many."""
    values = [one.value for one in found if (one.assertion, one.trace) == (name, trace)]
    assert values
    assert all(value is not None and least <= value <= most for value in values), values


def test_sobigs_lookups_are_refreshes_and_not_all_for_mail(found: list[PaperFinding]) -> None:
    """It asks foreign servers for each mail, and for each of its calls (WORM'04, 5.3)."""
    _, of_mail, ratio = (one.value or 0 for one in found if one.assertion == "A12")
    assert 0.7 < of_mail < 0.9
    assert ratio > 1


def test_the_table_is_published_with_what_does_not_hold(
    folder: Path, tmp_path: Path, found: list[PaperFinding]
) -> None:
    """A line for each finding, and one of reasons for each that does not hold."""
    page = tmp_path / "page.md"
    page.write_text("<!-- measured: shape -->\n<!-- end of shape -->\n")
    assert main(["--folder", str(folder), "--page", str(page)]) == 0
    text = page.read_text()
    assert str(table(found)) in text
    missing = [one for one in found if one.holds is not Holds.YES]
    assert missing
    assert all(f"{one.assertion}, {one.trace}" in text for one in missing)


def test_a_campus_that_cannot_be_played_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the exit code of a broken benchmark."""
    (tmp_path / "file").touch()
    assert main(["--folder", str(tmp_path / "file"), "--print"]) == 2
    assert "bench: " in capfd.readouterr().err
