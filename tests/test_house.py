"""The house: sizes and docstrings (what no linter says), and a test beside each module."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
MODULES: Final = sorted((ROOT / "dnswatch").rglob("*.py"))
TESTS: Final = sorted((ROOT / "tests").rglob("*.py"))

FILE_LINES: Final = 600
FUNCTION_LINES: Final = 60
PARAMETERS: Final = 8

MANY_PARAMETERS: Final[frozenset[str]] = frozenset(
    {
        "wire/build.py:body",  # an answer depends on all of it, and each has its name at the call
        "cli/serve.py:serve",  # an option of the command line each
        "cli/report.py:report",
        "lab/commands/campus/compare.py:compare",
        "cli/site.py:cache",
        "lab/commands/study.py:study",
    }
)
"""Functions that may have more parameters, each with its reason."""

UNTESTED: Final[frozenset[str]] = frozenset(
    {
        "clock.py",
        "codes.py",
        "errors.py",
        "model/observation.py",  # nothing that could be wrong
        "model/lessons.py",  # nor here
        "settings/table.py",  # nor here
        "outlets/outlet.py",  # nor here
        "model/flow.py",
        "model/vantage.py",  # nor here
        "sources/census.py",
        "sources/reading.py",  # nor here
        "sources/capture/chunk.py",
        "sources/capture/pieces.py",  # nor here
        "sources/unmatched.py",
        "replay/summary.py",  # nor here
        "lab/study/question.py",
        "lab/pictures.py",
        "lab/commands/demo.py",  # nor here
        "model/policies/note.py",
        "model/policies/orders.py",  # nor here
        "resolver/events.py",
        "resolver/pending.py",  # nothing that could be wrong
        "proxy/fast.py",
        "serve/supervisor.py",
        "lab/campus/defences/acts.py",  # nor here
        *(f"lab/demo/{name}.py" for name in ("act", "screen", "show", "site", "world", "worm")),
        "__main__.py",
        "cli/serve.py",  # tests/live, from outside
        "fleet/bulletin.py",  # tests/fleet/test_downlink.py
        "fleet/reader.py",  # tests/fleet/test_uplink.py
        "watchdog/reception.py",  # tests/watchdog/test_intake.py
        "office/exchange.py",  # tests/cli/test_exchange.py, by the commands
        "bay/service.py",
        "bay/smtp/connection.py",  # tests/bay/smtp/test_session.py, by real clients
        "cli/bay/serve.py",  # tests/bay/test_process.py, from outside
        "web/console.py",
        "web/visits.py",
        "web/server.py",
        "web/process.py",
        "web/pages/access.py",
        "web/pages/client.py",
        "web/pages/clients.py",
        "web/pages/log.py",
        "web/pages/mail.py",
        "web/pages/policies.py",
        "web/pages/request.py",
        "web/pages/site.py",
        "web/pages/trace.py",
        # tests/web/test_app.py and test_browser.py
        "proxy/upstream/build.py",
        "proxy/upstream/transport.py",  # tests/live, all transports
        "store/clients.py",
        "store/schema.py",
        "store/site.py",  # tests/store/test_store.py
    }
)
"""Modules without a test file of their own, since other tests show them better."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    """Name a module from its room on."""
    return str(path.relative_to(ROOT / "dnswatch"))


def functions(path: Path) -> Iterator[Function]:
    """All functions and methods of a file, inner ones too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def test_files_and_functions_hold_one_idea() -> None:
    """A file has at most 600 lines, a function at most 60: longer ones hold two ideas."""
    long = []
    for path in [*MODULES, *TESTS]:
        if (lines := len(path.read_text().splitlines())) > FILE_LINES:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for function in functions(path):
            assert function.end_lineno is not None
            if (lines := function.end_lineno - function.lineno + 1) > FUNCTION_LINES:
                long.append(f"{path.relative_to(ROOT)}:{function.name}: {lines} lines")
    assert not long


def test_functions_take_few_parameters() -> None:
    """A function takes at most eight parameters, `self` aside."""
    many = []
    for path in MODULES:
        for function in functions(path):
            taken = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
            count = len([one for one in taken if one.arg not in ("self", "cls")])
            place = f"{named(path)}:{function.name}"
            if count > PARAMETERS and place not in MANY_PARAMETERS:
                many.append(f"{place}: {count} parameters")
    assert not many


def undocumented(tree: ast.Module) -> Iterator[str]:
    """The public names of a module that have no docstring."""
    if not ast.get_docstring(tree):
        yield "the module"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef):
            continue
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            continue
        for inner in node.body:
            if not isinstance(inner, Function | ast.ClassDef) or inner.name.startswith("_"):
                continue
            if not ast.get_docstring(inner):
                yield inner.name


def test_what_is_public_says_what_it_is() -> None:
    """Modules, and classes and functions whose name begins with no underscore, have a docstring."""
    silent = [
        f"{named(path)}: {name}"
        for path in MODULES
        for name in undocumented(ast.parse(path.read_text()))
    ]
    assert not silent


def test_a_name_serves_one_class() -> None:
    """No two public classes of the package share a name: one name, one thing."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(named(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_each_module_has_its_test() -> None:
    """`dnswatch/room/thing.py` is tested in `tests/room/test_thing.py`, or it is said where."""
    missing = []
    for path in MODULES:
        name = named(path)
        mirror = ROOT / "tests" / Path(name).parent / f"test_{path.name}"
        if path.name != "__init__.py" and name not in UNTESTED and not mirror.exists():
            missing.append(str(mirror.relative_to(ROOT)))
    assert not missing
