"""The house: sizes and docstrings (what no linter says), and a test beside each module."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
MODULES: Final = sorted((ROOT / "dnswatch").rglob("*.py"))
TESTS: Final = sorted((ROOT / "tests").rglob("*.py"))

FILE_LINES: Final = 400
FUNCTION_LINES: Final = 60
PARAMETERS: Final = 8
ROOM_FILES: Final = 14

MANY_PARAMETERS: Final[frozenset[str]] = frozenset(
    {
        "wire/build.py:tail",  # an answer depends on all of it, and each has its name at the call
        "cli/serve.py:serve",  # an option of the command line each
        "cli/report.py:report",
        "cli/campus/compare.py:compare",
        "cli/site.py:cache",
        "cli/bay/list.py:list_",
        "cli/bay/list.py:stats",
        "cli/bay/decide.py:release",
        "cli/bay/decide.py:discard",
        "cli/bay/export.py:export",
        "cli/studies/study.py:study",
    }
)
"""Functions that may have more parameters, each with its reason."""

UNTESTED: Final[frozenset[str]] = frozenset(
    {
        "clock.py", "codes.py", "errors.py", "model/observation.py",  # nothing that could be wrong
        "settings/table.py",  # nor here
        "model/flow.py",  # nor here
        "bay/inspection/inspector.py", "bay/inspection/anatomy/task.py",  # nor here
        "sources/census.py", "sources/reading.py",  # nor here
        "sources/capture/chunk.py", "replay/summary.py",  # nor here
        "study/question.py",  # nor here
        "cli/studies/options.py",  # nor here
        "model/policies/note.py", "model/policies/orders.py",  # nor here
        "proxy/fast.py", "proxy/worker.py", "serve/supervisor.py",
        "campus/defences/acts.py",  # nor here
        "__main__.py", "cli/serve.py",  # tests/live, from outside
        "bay/house.py", "cli/bay/serve.py",  # tests/bay/test_process.py, from outside
        "store/bay/kin.py",  # tests/bay/test_gate.py
        "proxy/upstream/build.py", "proxy/upstream/transport.py",  # tests/live, all transports
        "store/clients.py", "store/schema.py", "store/site.py",  # tests/store/test_store.py
    }
)  # fmt: skip
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


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    """A file has at most 400 lines, a function at most 60."""
    assert len(path.read_text().splitlines()) <= FILE_LINES
    for function in functions(path):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < FUNCTION_LINES, function.name


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_functions_take_few_parameters(path: Path) -> None:
    """A function takes at most eight parameters, `self` aside."""
    for function in functions(path):
        taken = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        count = len([one for one in taken if one.arg not in ("self", "cls")])
        place = f"{named(path)}:{function.name}"
        assert count <= PARAMETERS or place in MANY_PARAMETERS, f"{place} takes {count}"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    """Modules, and classes and functions whose name begins with no underscore, have a docstring."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef):
            continue
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            continue
        for inner in node.body:
            if isinstance(inner, Function | ast.ClassDef) and not inner.name.startswith("_"):
                is_callback = isinstance(node, ast.ClassDef) and node.name.startswith("_")
                assert is_callback or ast.get_docstring(inner), inner.name


@pytest.mark.parametrize(
    "room", sorted({path.parent for path in MODULES}), ids=lambda room: room.name
)
def test_rooms_are_small(room: Path) -> None:
    """A room holds what one screen of names can show."""
    assert len(list(room.glob("*.py"))) <= ROOM_FILES


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_each_module_has_its_test(path: Path) -> None:
    """`dnswatch/room/thing.py` is tested in `tests/room/test_thing.py`, or it is said where."""
    name = named(path)
    if path.name == "__init__.py" or name in UNTESTED:
        return
    mirror = ROOT / "tests" / Path(name).parent / f"test_{path.name}"
    assert mirror.exists(), f"{mirror.relative_to(ROOT)} is missing"
