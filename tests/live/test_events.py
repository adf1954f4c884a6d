"""Events of a running server: a reload brings a sink, and a killed teller has a successor,
which tells that it was."""

import json
import os
import signal
from pathlib import Path

from tests import check
from tests.live.site import Serve
from tests.live.test_policies import distrusted, order


def test_what_changes_leaves_the_house(serve: Serve, tmp_path: Path) -> None:
    """The teller runs only where there is a sink; orders and marks arrive, whatever happens to it
    in between."""
    path = tmp_path / "eve.json"

    def told() -> list[str]:
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["dnswatch"]["sentence"] for line in lines]

    site = serve()
    assert site.running("teller") is None
    site.reload({"events": [{"to": f"file:{path}"}]})
    check.eventually(lambda: list((site.state / "events").glob("*.json")))
    distrusted(site, "delay", "127.0.0.1")
    check.eventually(lambda: any("'127.0.0.1': delay" in one for one in told()))
    killed = site.running("teller")
    assert killed
    os.kill(killed, signal.SIGKILL)
    order(site, "policy", "disable", "delay")
    check.eventually(lambda: any("delay off" in one for one in told()))
    assert site.running("teller") != killed
    check.eventually(
        lambda: (
            f"teller (process {killed}) was killed by signal 9; starting it again: said by serve"
            in told()
        )
    )
    site.reload({})
    check.eventually(lambda: site.running("teller") is None)
