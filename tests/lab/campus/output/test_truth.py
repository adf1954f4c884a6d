"""The truth of a campus, in files."""

from pathlib import Path

import pyarrow.parquet as pq

from dnswatch.lab.campus.output.truth import plain, write_truth
from tests.lab.campus.scene import DAY, campus, outbreak


def test_the_truth_names_hosts_infections_and_mails(tmp_path: Path) -> None:
    """Under the addresses that the output knows them by; mails only where they were kept."""
    built = campus(outbreak("slow", 0.1, "first = 1\nsusceptible = 0"))
    built.run(built.plan.begin + 0.5 * DAY)
    write_truth(built, tmp_path, lambda address: f"host {plain(address)}")
    tables = {file.stem: pq.read_table(file).to_pylist() for file in tmp_path.iterdir()}
    assert len(tables["hosts"]) == 60
    (infected,) = tables["infections"]
    assert infected["address"] in [host["address"] for host in tables["hosts"]]
    assert infected["address"].startswith("host 10.")
    assert tables["mails"] == []
