"""What one site knows goes to another machine in one file, whole, or not at all."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from math import inf
from os import close
from pathlib import Path
from typing import Any

import pytest

from dnswatch import clock
from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.model.role import Role
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.office import orders
from dnswatch.office.detector import detector_of
from dnswatch.office.whom import Whom
from dnswatch.settings import read
from dnswatch.store import Store
from dnswatch.store import orders as stored
from dnswatch.store.directory import hold
from dnswatch.watchdog.judging import Judging
from tests.cli.conftest import Run
from tests.records import NOON, changes, plain, worm

LEARNED = read('detection.learning = "0s"', "test")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with policies of the site's own."""
    (tmp_path / "policies").mkdir()
    shipped = Path(__file__).parents[2] / "policies/delay.toml"
    (tmp_path / "policies/mine.toml").write_text(
        shipped.read_text().replace('name = "delay"', 'name = "mine"')
    )
    file = tmp_path / "dnswatch.toml"
    file.write_text(f'detection.learning = "0s"\npolicies.directory = "{tmp_path / "policies"}"\n')
    return file


@pytest.fixture
def exported(state: Path, config: Path, tmp_path: Path, run: Run) -> Path:
    """A site with a worm, with orders of all kinds, in a file."""
    seen = changes(worm())
    with Store.open(state) as store:
        Judging(LEARNED, plain, NOON).see(seen, NOON + 60, lambda *_: None)
        store.write(seen, plain, NOON + 600)
    now = clock.now()
    for word, until, client in ((Word.TRUST, inf, "10.0.0.1"), (Word.DISTRUST, now + 9e5, "::2")):
        said = Overrule(word, now, until, f"I know {client}", "alice")
        orders.overrule(state, LEARNED, [client], said)
    orders.declare(state, LEARNED, ["10.0.0.25"], Role.MAIL_SERVER, "", "alice")
    run("policy", "enable", "mine", "--config", str(config))
    run("policy", "enable", "observe", "--dry-run")
    run("export", str(tmp_path / "site.json"), "--config", str(config))
    return tmp_path / "site.json"


@contextmanager
def changed(exported: Path, **fields: Any) -> Iterator[str]:
    """The file with other fields."""
    file = exported.with_name("changed.json")
    file.write_text(json.dumps(json.loads(exported.read_text()) | fields))
    yield str(file)


def known(state: Path) -> tuple[Orders, list[str]]:
    """Return the orders, and how the worm's verdict is explained."""
    with Store.read(state) as store, store.snapshot() as db:
        detector = detector_of(db, LEARNED, Whom(state, LEARNED))
        assert detector
        return stored.read(db, clock.now()), detector.explain(b"10.0.0.66", NOON + 600)


def test_another_machine_knows_all_that_the_first_one_knew(
    state: Path, exported: Path, config: Path, tmp_path: Path, run: Run
) -> None:
    """Orders with reason, actor and end, roles, own policies, and evidence; nobody else may read
    the file."""
    (tmp_path / "policies/mine.toml").unlink()
    other = str(tmp_path / "other")
    assert exported.stat().st_mode & 0o777 == 0o600
    told = run("import", str(exported), "--config", str(config), "--state", other)
    assert told == "imported; in force from the next start on\n"
    assert known(Path(other)) == known(state)
    assert known(Path(other))[0].enabled == {"mine", "observe"}
    assert known(Path(other))[0].dry_runs == {"observe"}
    assert 'name = "mine"' in (tmp_path / "policies/mine.toml").read_text()


def test_nothing_is_overwritten_unasked(
    state: Path, exported: Path, config: Path, tmp_path: Path, run: Run
) -> None:
    """Neither a file, nor orders, nor another policy; a refused import changes nothing."""
    asked = ("--config", str(config))
    assert "there already" in run("export", str(exported), *asked, exit_code=1)
    run("export", str(exported), "--force", *asked)
    before = known(state)
    assert "with --force" in run("import", str(exported), *asked, exit_code=1)
    assert known(state) == before
    run("import", str(exported), "--force", *asked)
    assert known(state) == before
    mine = tmp_path / "policies/mine.toml"
    mine.write_text(mine.read_text() + "# mended\n")
    other = ("--state", str(tmp_path / "other"))
    assert "another policy file" in run("import", str(exported), *asked, *other, exit_code=1)
    with Store.read(tmp_path / "other") as store, store.snapshot() as db:
        assert not stored.read(db, clock.now()).enabled


def test_a_server_that_runs_is_not_written_under(
    state: Path, exported: Path, config: Path, run: Run
) -> None:
    """It has to be stopped; an export meanwhile says what may be missing."""
    lock = hold(state)
    told = run("import", str(exported), "--force", "--config", str(config), exit_code=1)
    assert "stop it" in told
    assert "last seconds" in run("export", str(exported), "--force", "--config", str(config))
    close(lock)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"version": 2}, "newer dnswatch (it knows 'version 2')"),
        ({"store_schema": ["first", "telepathy"]}, "newer dnswatch (it knows 'telepathy')"),
        ({"format": "tar"}, "no export of dnswatch"),
        ({"roles": {"10.0.0.1": "king"}}, "is damaged"),
        ({"learned": {"site": "AAAA", "clients": {}}}, "what was learned cannot be read"),
        ({"policies": [{"file": "../x.toml", "text": ""}]}, "expected NAME.toml"),
        ({"pseudonyms": True}, "privacy.pseudonyms = true"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_by_name(
    exported: Path, tmp_path: Path, run: Run, fields: dict[str, Any], said: str
) -> None:
    """A file of a newer dnswatch, of something else, or that was tampered with; and nothing of it
    is taken in."""
    with changed(exported, **fields) as file:
        told = run(
            "import", file, "--state", str(tmp_path / "other"), exit_code=1 + ("privacy" in said)
        )
    assert said in told
    assert not (tmp_path / "other/dnswatch.db").exists()


def test_noise_is_no_export(tmp_path: Path, run: Run) -> None:
    """Whatever bytes it has, and where there is no file."""
    (tmp_path / "noise").write_bytes(b"[" * 100_000)
    assert "no export of dnswatch" in run("import", str(tmp_path / "noise"), exit_code=1)
    assert "cannot read" in run("import", str(tmp_path / "none"), exit_code=1)


def test_a_policy_that_does_not_fit_is_left_out_and_said(
    exported: Path, config: Path, tmp_path: Path, run: Run
) -> None:
    """The rest is taken in."""
    other = tmp_path / "other"
    asked = ("--config", str(config), "--state", str(other), "--json")
    with changed(exported, enabled=["mine", "quarantine", "gone"]) as file:
        left_out = json.loads(run("import", file, *asked))["left_out"]
    assert ["may" in left_out[0], "no policy 'gone'" in left_out[1]] == [True, True]
    assert known(other)[0].enabled == {"mine"}


def test_pseudonyms_need_their_key(state: Path, tmp_path: Path, run: Run) -> None:
    """It is not in the file; where it is missing, or another, nobody would be recognised."""
    config, file, other = tmp_path / "p.toml", tmp_path / "site.json", tmp_path / "other"
    config.write_text("privacy.pseudonyms = true\n")
    key = Pseudonyms.load(state).of(b"\x0a\0\0\1")
    orders.declare(state, LEARNED, [key], Role.RESOLVER, "", "alice")
    told = run("export", str(file), "--config", str(config))
    assert "not in it: the key" in told
    assert (state / "key").read_bytes().hex() not in file.read_text()
    asked = ("import", str(file), "--config", str(config), "--state", str(other))
    assert "another key" in run(*asked, exit_code=1)
    (other / "key").touch(mode=0o600)
    (other / "key").write_bytes((state / "key").read_bytes())
    run(*asked)
    with closing(Store.read(other)) as store, store.snapshot() as db:
        assert stored.roles(db) == {key: Role.RESOLVER}
