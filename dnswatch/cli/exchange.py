"""`dnswatch export`, `dnswatch import`: what a site would miss on another machine, in one file."""

import os
from pathlib import Path
from typing import Annotated

import typer

from dnswatch.cli.options import Config, Json, State, settings_of
from dnswatch.cli.orders.context import actor, is_serving
from dnswatch.cli.state import state_directory
from dnswatch.errors import DnswatchError

Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write (JSON).")],
    force: Force = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Write orders, roles, policies and what was learned to one file.

    The records stay where they are.  A server may run meanwhile.

    The file is for your eyes only (mode 0600).  The key of pseudonyms is not in it.

    Example: dnswatch export site.json
    """
    import msgspec

    from dnswatch.cli.render import harmless, print_json
    from dnswatch.office.exchange import collect
    from dnswatch.serve.policies import own

    settings, directory = settings_of(config), state_directory(state)
    files = ((Path(path).name, text) for path, text in own(settings.policies.directory))
    found = collect(directory, settings, files)
    _write(file, msgspec.json.format(msgspec.json.encode(found)), force=force)
    counts = {
        "policies_on": len(found.enabled),
        "policy_files": len(found.policies),
        "overrules": len(found.overrules),
        "roles": len(found.roles),
        "clients_learned": len(found.learned.clients) if found.learned else 0,
    }
    if json:
        print_json({"file": str(file), **counts})
        return
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    typer.echo(f"written to {harmless(str(file))}: {told}")
    if is_serving(directory):
        typer.echo("a server runs: what it learned in its last seconds may not be among it")
    if settings.privacy.pseudonyms:
        typer.echo(
            f"not in it: the key of the pseudonyms, {directory / 'key'}; whoever imports needs that"
        )


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `dnswatch export` wrote.")],
    force: Force = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Take in what another dnswatch exported.

    Orders, roles, policies and what was learned replace those that are here.

    The server must be stopped, since it would write over what it had learned itself.

    Example: dnswatch import site.json --state /var/lib/dnswatch
    """
    from dnswatch.cli.render import print_json
    from dnswatch.model.policies.reading import read_all
    from dnswatch.office import exchange
    from dnswatch.serve.policies import texts
    from dnswatch.store.directory import hold

    settings, directory = settings_of(config), state_directory(state)
    found = exchange.read(_read(file), str(file))
    lock = hold(directory)
    try:
        theirs = exchange.judge(found, directory, settings)
        known, _ = read_all(texts(settings.policies.directory))
        left_out = exchange.take_in(
            found, directory, settings, known | theirs, actor(), force=force
        )
    finally:
        os.close(lock)
    if json:
        print_json({"file": str(file), "left_out": left_out})
        return
    for reason in left_out:
        typer.echo(f"dnswatch: left out: {reason}", err=True)
    typer.echo("imported; in force from the next start on")


def _read(file: Path) -> bytes:
    from dnswatch.office.exchange import LONGEST

    try:
        with file.open("rb") as opened:
            data = opened.read(LONGEST + 1)
    except OSError as error:
        raise DnswatchError(f"cannot read '{file}': {error.strerror}") from None
    if len(data) > LONGEST:
        raise DnswatchError(f"'{file}' is longer than {LONGEST >> 20} MB: no export of dnswatch is")
    return data


def _write(file: Path, data: bytes, *, force: bool) -> None:
    """Write a file for its owner alone, all of it or nothing."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        if force:
            draft.replace(file)
        else:
            file.hardlink_to(draft)
    except FileExistsError:
        raise DnswatchError(
            f"'{file}' is there already: name another file, or overwrite it with --force"
        ) from None
    except OSError as error:
        raise DnswatchError(f"cannot write '{file}': {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
