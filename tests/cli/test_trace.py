"""`dnswatch trace`: the console's trace at the command line."""

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.records import record, worm


def test_it_says_what_and_why(state: Path, run: Run) -> None:
    """For eyes, and for programs; what cannot be asked is wrong usage."""
    record(state, worm())
    text = run("trace", "victim1.example", "--client", "10.0.0.66")
    assert text.startswith("10.0.0.66 gets: the answer as it comes")
    assert "kind of lookup: mail-related (mx)" in text
    told = json.loads(run("trace", "some.onion", "--client", "10.0.0.66", "--json"))
    assert told["outcome"] == "NXDOMAIN"
    assert {"what", "said"} == set(told["steps"][0])
    run("trace", "victim1.example", "--client", "bob", exit_code=2)
