"""The settings themselves, and what the documentation says of them."""

import re
import subprocess
import sys
from pathlib import Path

from dnswatch.settings import Settings, read
from dnswatch.settings.checks import faults

ROOT = Path(__file__).parents[2]


def test_defaults_are_right() -> None:
    """The defaults are within their own limits, and none is at odds with another."""
    assert list(faults(Settings())) == []


def test_example_of_the_documentation_is_right() -> None:
    """The full example in docs/configuration.md can be used, and uses every section."""
    page = (ROOT / "docs" / "configuration.md").read_text()
    example = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[-1]
    settings = read(example, "example")
    assert settings.forward[0].domain == "corp.example"
    missing = [name for name in Settings.__struct_fields__ if f"[{name}]" not in example]
    assert missing in ([], ["limits"])


def test_reference_is_up_to_date() -> None:
    """docs/configuration.md says what the settings are."""
    command = [sys.executable, str(ROOT / "docs" / "configuration.py"), "--check"]
    result = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr
