"""What is compiled where it is asked for: the tests run on it, and it is no other than its source.

`make both` runs the tests on the compiled modules, and then those that touch them on the sources.
"""

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from dnswatch.compiled import build

ROOT = Path(__file__).parent.parent
WANTED = os.environ.get("DNSWATCH_EXPECT")
"""What `make both` says that these tests run on."""


@pytest.mark.parametrize("module", hatch_build.MODULES)
def test_what_is_compiled_defines_nothing_that_the_compiler_spoils(module: str) -> None:
    """No `msgspec.Struct`, whose keywords would be lost without a word, and no exception."""
    tree = ast.parse((ROOT / "dnswatch" / f"{module}.py").read_text())
    bases = {
        ast.unparse(base)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    }
    spoilt = {base for base in bases if base.endswith(("Struct", "Error", "Exception"))}
    assert not spoilt | bases & {"str", "int", "bytes", "dict", "list"}


@pytest.mark.parametrize("module", hatch_build.MODULES)
def test_these_tests_run_on_what_was_asked_for(module: str) -> None:
    """Each module is loaded compiled, or each from its source, and none is older than its source.

    Who has changed a source since `make fast` would else test what he had before.
    """
    loaded = importlib.import_module(f"dnswatch.{module.replace('/', '.')}").__file__
    assert loaded is not None
    if loaded.endswith(".so"):
        source = ROOT / "dnswatch" / f"{module}.py"
        library = source.with_name(Path(loaded).name)  # the folder that mypyc names may be wrong
        assert library.stat().st_mtime >= source.stat().st_mtime, "run `make fast` again"
    assert (WANTED or build()) == ("compiled" if loaded.endswith(".so") else "pure")


def _told_by_both(module: str) -> tuple[Any, Any]:
    """Run a module of the tests on what is compiled and on the sources; return what each prints."""
    inherited = {key: value for key, value in os.environ.items() if key != "DNSWATCH_PURE"}
    inherited["PYTHONHASHSEED"] = "0"  # sets have one order in both
    running = [
        subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**inherited, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        for environment in ({}, {"DNSWATCH_PURE": "1"})
    ]
    compiled, pure = (json.loads(one.communicate()[0]) for one in running)
    if compiled.pop("build") == "pure":
        assert WANTED != "compiled"
        pytest.skip("nothing is compiled here: `make fast`")
    assert pure.pop("build") == "pure"
    return compiled, pure


def test_compiled_and_pure_processes_understand_each_other() -> None:
    """One of each struct has the same bytes, and each struct the same fields and options."""
    compiled, pure = _told_by_both("tests.structs")
    assert len(pure) > 50
    assert compiled == pure


def test_compiled_and_pure_modules_make_the_same_of_broken_input() -> None:
    """Messages, captures and whole lookups end alike, errors and their words included."""
    compiled, pure = _told_by_both("tests.fuzz.outcomes")
    for kind, outcomes in pure.items():
        assert len(set(outcomes.values())) > 20
        assert compiled[kind] == outcomes, kind
