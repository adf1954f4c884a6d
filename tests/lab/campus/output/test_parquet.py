"""The data set of a campus, with the truth beside it."""

from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.output.parquet import Writing
from dnswatch.serve.policies import texts
from tests.lab.campus.scene import DAY, outbreak


def test_every_mail_of_a_worm_stands_in_the_truth_and_most_in_the_flows(tmp_path: Path) -> None:
    """Who was infected, what it sent, and the lookups and connections that it made for it."""
    chosen = outbreak("mydoom", 0.2, "first = 1\nsusceptible = 0")
    campus = Campus(chosen, 1, texts(""), is_detailed=True)
    with Writing(campus, tmp_path / "set"):
        campus.run(chosen.begin + DAY)
    truth = tmp_path / "set" / "truth"
    (infected,) = pq.read_table(truth / "infections.parquet").to_pylist()
    mails = pq.read_table(truth / "mails.parquet").to_pylist()
    sent = [one for one in mails if one["worm"] == "mydoom"]
    assert {one["source"] for one in sent} == {infected["address"]}
    assert pq.read_table(truth / "hosts.parquet").num_rows == 60
    flows = ds.dataset(tmp_path / "set" / "flows").to_table().to_pylist()
    made = [one for one in flows if one["source"] == infected["address"] and one["port"] == 25]
    delivered = [one for one in sent if one["delivered"]]
    assert len([one for one in made if one["outcome"] == "success"]) == len(delivered)
    seen = ds.dataset(tmp_path / "set" / "observations").to_table().to_pylist()
    asked = [one for one in seen if one["client"] == infected["address"] and one["qtype"] == 15]
    assert len(asked) >= len(sent)
    assert len([one for one in seen if one["qtype"] == 1]) > len(asked)
