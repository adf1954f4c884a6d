"""What is compiled where it is asked for; tests/compose/test_image.py compiles it and tries it."""

import ast
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(__file__).parent.parent


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
