"""`docker-compose.yml` as docker-compose reads it, and the `Dockerfile` by its stages."""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.live.tools import need

ROOT: Final = Path(__file__).parents[2]
SITE: Final = "192.168.1.53"
"""What `SITE_ADDRESS` is here."""

# docker-compose is a Python program of Debian's, and so brings what reads YAML with it.
_TO_JSON: Final = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"


def configured(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Have docker-compose read the file in an environment, and print what it understood."""
    return subprocess.run(
        [need("docker-compose"), "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": "/", **environment},
    )


@cache
def site() -> dict[str, Any]:
    """Give the whole file as docker-compose understands it."""
    done = configured(SITE_ADDRESS=SITE)
    assert done.returncode == 0, done.stderr
    read = ["/usr/bin/python3", "-c", _TO_JSON]
    said = subprocess.run(read, input=done.stdout, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def services() -> dict[str, dict[str, Any]]:
    """Give the services by name."""
    found: dict[str, dict[str, Any]] = site()["services"]
    return found


def stages() -> dict[str, list[tuple[str, str]]]:
    """Give the Dockerfile's stages: name to instructions, each with its arguments."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if match := re.fullmatch(r"FROM \S+ AS (\S+)", line):
            found[match[1]] = steps = []
        elif found and line and not line.startswith("#"):
            word, arguments = line.split(" ", 1)
            steps.append((word, arguments))
    return found
