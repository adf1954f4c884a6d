"""What `status` says of a real server, and which records a command without `--state` reads."""

import json
import subprocess

from dnswatch.cli.status import NOT_RUNNING
from tests import check
from tests.live.site import COMMAND, Serve, Site, environment


def told(site: Site, command: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a command as somebody would in a second terminal, with no word of where records are."""
    hidden = ("DNSWATCH_STATE", "STATE_DIRECTORY")
    kept = {name: value for name, value in environment().items() if name not in hidden}
    return subprocess.run(
        [*COMMAND, command, *more],
        env={**kept, "RUNTIME_DIRECTORY": str(site.folder / "run"), "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )


def test_the_running_server_is_found_and_told_as_running(serve: Serve) -> None:
    """`serve --state ./records`, then `status` and `cache` in another terminal just work."""
    site = serve()
    site.ask("www.example.")
    check.eventually(lambda: site.measures("127.0.0.1"))
    status = told(site, "status", "--json")
    assert status.returncode == 0, status.stderr
    found = json.loads(status.stdout)
    assert found["running"] is True
    assert found["pid"] == site.process.pid
    assert found["state"] == str(site.state)
    assert str(site.state) in status.stderr
    assert "site cache" in told(site, "cache").stdout
    site.stop()
    gone = told(site, "status", "--state", str(site.state))
    assert gone.returncode == NOT_RUNNING
    assert "is not running" in gone.stdout
