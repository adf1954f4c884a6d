"""`dnswatch bay show`: one message, and all that happened to it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnswatch.cli.bay.context import Id, held_mail, named
from dnswatch.cli.options import Config, Json, State

if TYPE_CHECKING:
    from rich.console import Console

    from dnswatch.bay.queue.view import View
    from dnswatch.bay.record import Line
    from dnswatch.bay.state import Message


def show(
    id_: Id,
    lines: Annotated[
        int, typer.Option("--lines", min=0, help="Show at most this many lines of its text.")
    ] = 40,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Show a message: its way, what was found in it, and its text.

    Attachments are named and never opened; what a terminal would obey is shown as text.

    Example: dnswatch bay show 01a20846fe
    """
    from dnswatch.bay.queue.view import MOST_BYTES, view_of
    from dnswatch.cli import render

    with held_mail(config, state) as held:
        ident = named(held, id_)
        message, record = held.spool.message(ident), held.spool.lines(ident)
        view = None
        if message.gone is None:
            with held.spool.open(ident) as file:
                view = view_of(file.read(MOST_BYTES + 1))
    if json:
        render.print_json(_as_json(message, record, view))
        return
    screen = render.console()
    _print_envelope(screen, message)
    _print_history(screen, record)
    if view is None:
        screen.print(render.plain("\nIts body is no longer kept."))
    else:
        _print_view(screen, view, lines)


def _as_json(message: "Message", record: "list[Line]", view: "View | None") -> dict[str, Any]:
    from dataclasses import asdict

    import msgspec

    return {
        "id": message.ident,
        "state": message.state,
        "verdict": message.verdict,
        "recipients": [
            {"address": one.address, "state": one.state, "tries": one.tries, "text": one.text}
            for one in message.recipients
        ],
        "record": [msgspec.to_builtins(line) for line in record],
        "view": asdict(view) if view else None,
    }


def _print_envelope(screen: "Console", message: "Message") -> None:
    from dnswatch.cli import render

    envelope = message.envelope
    secure = f", {envelope.tls}" if envelope.tls else ""
    rows = (
        ("message", envelope.ident),
        ("state", message.state),
        ("verdict", message.verdict or "not judged"),
        ("client", f"{envelope.key}, as '{envelope.helo}'{secure}"),
        ("received", f"{render.moment(envelope.at)}, {render.size(envelope.size)}"),
        ("sha256", envelope.sha256),
        ("from", envelope.sender or "<>"),
        *(("to", f"{one.address}: {one.state}{_tries(one.tries)}") for one in message.recipients),
    )
    for name, text in rows:
        screen.print(render.plain(f"{name:<9} {text}", "bold" if name == "message" else ""))


def _tries(count: int) -> str:
    return f", tried {count} times" if count > 1 else ""


def _print_history(screen: "Console", record: "list[Line]") -> None:
    from dnswatch.cli import render
    from dnswatch.office.mail import told

    screen.print()
    for line in record[1:]:
        for number, text in enumerate(told(line)):
            at = f"{render.local(line.at):%b %d %H:%M:%S}" if not number else ""
            screen.print(render.plain(f"{at:<15} {text}"))


def _print_view(screen: "Console", view: "View", lines: int) -> None:
    from dnswatch.cli import render

    screen.print()
    for name, text in view.headers:
        screen.print(render.plain(f"{name}: {text}"))
    text_lines = view.text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    screen.print()
    for line in text_lines[:lines]:
        screen.print(render.plain(line.rstrip("\r")))
    if len(text_lines) > lines:
        screen.print(f"[{len(text_lines) - lines} more lines: see --lines]")
    if view.is_html:
        screen.print("[made from HTML, without its tags]")
    for part in view.parts:
        name = f"'{part.name}', " if part.name else ""
        screen.print(
            render.plain(f"[not opened: {name}{part.kind}, about {render.size(part.size)}]")
        )
        if part.sha256:
            screen.print(render.plain(f"[SHA-256 {part.sha256}]"))
    if view.is_cut:
        screen.print("[only a part was looked at; `dnswatch bay export` has all of it]")
