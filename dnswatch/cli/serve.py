"""`dnswatch serve` and `dnswatch check`: run the resolver, or judge its configuration."""

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dnswatch import clock, compiled, version
from dnswatch.cli.options import Config, Json, policies_of
from dnswatch.cli.state import runtime_directory, state_directory
from dnswatch.errors import SettingsError, StoreError

Listen = Annotated[
    list[str] | None,
    typer.Option(
        "--listen",
        metavar="ADDR:PORT",
        help="Answer there, over UDP and TCP; may be given several times."
        "  [default: serve.listen, or 127.0.0.1:5353 and [::1]:5353]",
    ),
]
UpstreamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--upstream",
        metavar="URL",
        help="Ask this server: udp://9.9.9.9, tcp://…, tls://9.9.9.9#dns.quad9.net or"
        " https://9.9.9.9/dns-query#dns.quad9.net; may be given several times."
        "  [default: upstream.servers, or those of /etc/resolv.conf]",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Answer with N processes.  [default: 1]"),
]
Kept = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Keep the records there.  [default: $DNSWATCH_STATE, $STATE_DIRECTORY,"
        " /var/lib/dnswatch for root, else ~/.local/state/dnswatch]",
    ),
]
Examined = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="DIR", help="Look through this state directory too, and mend its rights."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say more on stderr.")]


def serve(
    config: Config = None,
    listen: Listen = None,
    upstream: UpstreamOption = None,
    workers: Workers = None,
    state: Kept = None,
    verbose: Verbose = False,
) -> None:
    """Answer the site's clients, and keep account of their lookups.

    Runs until Ctrl-C or SIGTERM.  SIGHUP reads the configuration anew; a broken one is refused, and
    the old one stays in force.

    Example: dnswatch serve --listen 127.0.0.1:5353 --upstream udp://9.9.9.9
    """
    from dnswatch.serve.beside import vantages
    from dnswatch.serve.loading import load
    from dnswatch.serve.supervisor import Supervisor
    from dnswatch.store.directory import RunningServer, announced

    log_to_stderr(logging.DEBUG if verbose else logging.INFO)

    read = partial(load, config, listen or None, upstream or None, workers)
    directory = state_directory(state)
    supervisor = Supervisor(read(), directory, read, vantages)
    ourselves = RunningServer(os.getpid(), version(), clock.now(), compiled.build())
    with announced(directory, runtime_directory(), ourselves):
        supervisor.run()


def check(
    config: Config = None,
    listen: Listen = None,
    upstream: UpstreamOption = None,
    workers: Workers = None,
    state: Examined = None,
    json: Json = False,
) -> None:
    """Judge a configuration without starting.

    With --state, files of that directory which its owner cannot use, since root made them, are
    given back where this user may, else named.

    The exit code is 0 where all is well; 1 where `serve` would start but lacks something on this
    machine, like a file of leases; 2 where it would refuse.

    Example: dnswatch check --config dnswatch.toml
    """
    from dnswatch.cli.render import harmless, print_json
    from dnswatch.serve.loading import load
    from dnswatch.serve.surroundings import lacking
    from dnswatch.settings import combine

    try:
        source = load(config, listen or None, upstream or None, workers)
        settings = combine(source)
        _, wrong = policies_of(settings)
        if wrong:
            raise wrong[0]
    except SettingsError as error:
        if json:
            print_json({"is_good": False, "fault": str(error)})
        raise
    lacks = list(lacking(settings))
    if state is not None:
        lacks += _owned(state)
    if json:
        print_json(
            {
                "is_good": not lacks,
                "configuration": source.where,
                "listen": list(settings.serve.listen),
                "workers": settings.serve.workers,
                "upstreams": list(settings.upstream.servers),
                "lacks": lacks,
            }
        )
    else:
        for sentence in lacks:
            typer.echo(f"dnswatch: {harmless(sentence)}", err=True)
        verdict = "good" if not lacks else "taken, but the machine lacks what is named above"
        typer.echo(
            f"{source.where}: {verdict}; answers on {', '.join(settings.serve.listen)}"
            f" with {settings.serve.workers} worker{'s' if settings.serve.workers > 1 else ''},"
            f" asks {', '.join(settings.upstream.servers)}"
        )
    if lacks:
        raise typer.Exit(1)


def log_to_stderr(level: int) -> None:
    """Log text, of libraries only what is wrong; with a time of day unless systemd adds its own."""
    has_time = "JOURNAL_STREAM" not in os.environ
    form = "%(levelname)s %(name)s: %(message)s"
    handler = logging.StreamHandler(sys.stderr)
    form = f"%(asctime)s {form}" if has_time else form
    handler.setFormatter(_Harmless(form, datefmt="%Y-%m-%d %H:%M:%S%z"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("dnswatch").setLevel(level)


class _Harmless(logging.Formatter):
    """Lines that command no terminal: exchanges and clients of the bay have their words in them."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        from dnswatch.cli.render import harmless

        return harmless(super().formatMessage(record))


def _owned(state: Path) -> list[str]:
    """Give the files of a state directory back to its owner; say what could not be given."""
    from dnswatch import ownership

    given: list[Path] = []
    kept: list[Path] = []
    try:
        owner = state.lstat()
        for path in ownership.foreign(state):
            try:
                (given if ownership.mend(path, owner) else kept).append(path)
            except OSError:
                kept.append(path)
    except OSError as error:
        raise StoreError(f"cannot look through '{state}': {error.strerror}; become root") from None
    if given:
        typer.echo(f"dnswatch: gave {len(given)} files in '{state}' back to its owner", err=True)
    if not kept:
        return []
    return [
        f"'{kept[0]}' and {len(kept) - 1} other files in '{state}' cannot be used by its owner:"
        f" run `chown -R --reference={state} {state}` and `chmod -R u+rwX {state}` as root"
    ]
