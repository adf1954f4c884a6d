"""Exchange: a site's orders, policies and what it learned, as one file that another machine reads.

The records themselves are not in it.  Rules of this file: what is read is judged as a whole before
anything is written; the store changes in one transaction, or not at all.
"""

import re
from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from dnswatch import clock
from dnswatch.errors import DnswatchError, SettingsError
from dnswatch.model.changes import Changes
from dnswatch.model.detection.detector import Detector
from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.reading import read as read_policy
from dnswatch.model.policies.reading import unfit
from dnswatch.model.role import Role
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.names.suffixes import registrable
from dnswatch.ownership import settle
from dnswatch.settings import Settings
from dnswatch.store import Store, evidence, orders, schema
from dnswatch.store.sqlite import Database
from dnswatch.watchdog.judging import local, plan_of
from dnswatch.wire.name import to_text

FORMAT: Final = "dnswatch-export"
VERSION: Final = 1
"""Of the file's form: raised when an older dnswatch would read it wrong."""

LONGEST: Final = 256 << 20
"""Bytes of a file that is read."""

_POLICY_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.toml")


class ExportedOverrule(msgspec.Struct, frozen=True):
    """A person's word on a client."""

    client: str
    "Its key: an address, or a pseudonym."
    word: Word
    at: float
    "Unix seconds."
    until: float | None
    "Unix seconds; None where it stands until another word."
    why: str
    actor: str


class PolicyFile(msgspec.Struct, frozen=True):
    """A policy of the site's own."""

    file: str
    text: str


class Learned(msgspec.Struct, frozen=True):
    """The detector's state: bytes, in JSON as base64."""

    site: bytes
    clients: dict[str, bytes]
    "By the client's key."


class SiteExport(msgspec.Struct, frozen=True):
    """The file."""

    format: str
    version: int
    store_schema: list[str]
    "The migrations of the store that it was written from."
    at: float
    "When it was written, Unix seconds."
    pseudonyms: bool
    "Clients stand in it under pseudonyms."
    key_sign: str
    "The pseudonym of a word, by which the site's key is known again; empty where it has none."
    enabled: list[str]
    "Names of the policies that are switched on."
    policies: list[PolicyFile]
    overrules: list[ExportedOverrule]
    roles: dict[str, Role]
    "As persons confirmed them, by the client's key."
    learned: Learned | None
    "None where nothing was learned yet."
    dry_runs: list[str] = []
    "Of `enabled`, those that are switched on as a dry run."


def collect(state: Path, settings: Settings, own: Iterable[tuple[str, str]]) -> SiteExport:
    """Put together what is to be exported; `own` is file name and text of the site's policies."""
    now = clock.now()
    with Store.read(state) as store, store.snapshot() as db:
        said, known = orders.read(db, now), evidence.read(db)
    return SiteExport(
        FORMAT,
        VERSION,
        schema.known(),
        now,
        settings.privacy.pseudonyms,
        _key_sign(state, settings),
        sorted(said.enabled),
        [PolicyFile(*each) for each in own],
        [
            ExportedOverrule(
                key, one.word, one.at, None if one.until == inf else one.until, one.why, one.actor
            )
            for key, one in sorted(said.overrules.items())
        ],
        dict(sorted(said.roles.items())),
        None if known.site is None else Learned(known.site, known.client_states),
        sorted(said.dry_runs),
    )


def read(data: bytes, where: str) -> SiteExport:
    """Read a file; raises `DnswatchError` where this dnswatch cannot make sense of it."""
    try:
        head = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        is_ours = msgspec.json.decode(head.get("format", b"null")) == FORMAT
        version = msgspec.json.decode(head.get("version", b"0"), type=int)
        schemas = msgspec.json.decode(head.get("store_schema", b"[]"), type=list[str])
    except (msgspec.DecodeError, RecursionError) as error:
        raise DnswatchError(f"'{where}' is no export of dnswatch: {error}") from None
    if not is_ours:
        raise DnswatchError(f"'{where}' is no export of dnswatch: its format is not '{FORMAT}'")
    newer = [name for name in schemas if name not in schema.known()]
    newer += [f"version {version}"] * (version > VERSION)
    if newer:
        raise DnswatchError(
            f"'{where}' was written by a newer dnswatch (it knows '{newer[-1]}'):"
            " import it with that version"
        )
    try:
        return msgspec.json.decode(data, type=SiteExport)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DnswatchError(f"'{where}' is damaged: {error}; export it again") from None


def judge(export: SiteExport, state: Path, settings: Settings) -> dict[str, Policy]:
    """See that a file can be taken in here; return the policies in it, by name."""
    if export.pseudonyms != settings.privacy.pseudonyms:
        word = "true" if export.pseudonyms else "false"
        raise SettingsError(
            f"the export was written with privacy.pseudonyms = {word}: set it so here first, else"
            " nobody in it would be recognised"
        )
    if export.key_sign != _key_sign(state, settings):
        raise DnswatchError(
            f"the export's pseudonyms are of another key: copy the file 'key' of the other state"
            f" directory to '{state / 'key'}' first (mode 0600), else nobody would be recognised"
        )
    _see_through(export.learned, settings)
    policies = {}
    for each in export.policies:
        if not _POLICY_FILE.fullmatch(each.file):
            raise DnswatchError(f"the export names a policy file '{each.file}': expected NAME.toml")
        policy = read_policy(each.text, each.file)
        policies[policy.name] = policy
    if policies and not settings.policies.directory:
        raise SettingsError(
            "the export has policies of the site's own: set policies.directory to where they"
            " shall be kept"
        )
    return policies


def take_in(
    export: SiteExport,
    state: Path,
    settings: Settings,
    policies: dict[str, Policy],
    actor: str,
    *,
    force: bool,
) -> list[str]:
    """Write what was judged; `policies` are all that the site has then.  No server may run.

    Returns sentences about what was left out.  Unless `force`, raises `DnswatchError` where
    something would be overwritten.
    """
    if settings.fleet.engine:
        raise SettingsError(
            "the records of a fleet are its leader's, and would replace what is imported here:"
            " leave [fleet] out, import, and start this node with [fleet] before all others"
        )
    enabled, left_out = _fitting(export.enabled, policies, settings)
    with Store.open(state) as store, store.snapshot() as db:
        _make_way(db, force=force)
        _write_policies(export.policies, Path(settings.policies.directory), force=force)
        now = clock.now()
        for name in enabled:
            orders.enable(db, name, actor, now, dry_run=name in export.dry_runs)
        for one in export.overrules:
            until = inf if one.until is None else one.until
            orders.overrule(db, [one.client], Overrule(one.word, one.at, until, one.why, one.actor))
        for key, role in export.roles.items():
            said = orders.LogEntry(now, About.ROLE, None, role, "imported", actor)
            orders.declare(db, [key], role, said)
        if export.learned is not None:
            learned = Changes()
            learned.detector = export.learned.site
            learned.client_states.update(export.learned.clients)
            evidence.write(db.conn, learned)
    return left_out


def _key_sign(state: Path, settings: Settings) -> str:
    """Return by what the key of the pseudonyms is known again; it says nothing about the key."""
    if not settings.privacy.pseudonyms or not (state / "key").exists():
        return ""
    return Pseudonyms.load(state).of_text(FORMAT)


def _see_through(learned: Learned | None, settings: Settings) -> None:
    """See that the detector can go on with what was learned."""
    if learned is None:
        return
    detector = Detector(
        plan_of(settings),
        0.0,
        registrable=registrable,
        write=to_text,
        clock=local,
        role_of=lambda _: Role.CLIENT,
    )
    try:
        detector.restore(learned.site, learned.clients.values())
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DnswatchError(
            f"what was learned cannot be read ({error}): the export is damaged, or of a dnswatch"
            " that learned otherwise"
        ) from None


def _fitting(
    names: Iterable[str], policies: dict[str, Policy], settings: Settings
) -> tuple[list[str], list[str]]:
    """Return which policies can be switched on here, and why others cannot."""
    fitting, left_out = [], []
    for name in names:
        if name not in policies:
            left_out.append(f"there is no policy '{name}' here")
        elif reason := unfit(policies[name], settings):
            left_out.append(reason)
        else:
            fitting.append(name)
    return fitting, left_out


def _write_policies(files: Iterable[PolicyFile], directory: Path, *, force: bool) -> None:
    changed = [each for each in files if _text_of(directory / each.file) != each.text]
    for each in changed:
        if not force and (directory / each.file).exists():
            raise DnswatchError(
                f"'{directory / each.file}' is another policy file than the export's: move it away,"
                " or overwrite it with --force"
            )
    for each in changed:
        path = directory / each.file
        try:
            path.write_text(each.text, encoding="utf-8")
            settle(path)
        except OSError as error:
            raise DnswatchError(f"cannot write '{path}': {error.strerror}") from None


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _make_way(db: Database, *, force: bool) -> None:
    """Let go of what the import replaces; refuse where there is some, unless `force`."""
    here = orders.forget(db) + evidence.forget(db)
    if here and not force:
        raise DnswatchError(
            f"there are orders or things learned here already ({here}): import into a new state"
            " directory, or put the export in their place with --force"
        )
