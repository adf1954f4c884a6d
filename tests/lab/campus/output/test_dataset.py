"""Flows as a router counts them."""

from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.defences.acts import SeenContact
from dnswatch.lab.campus.output.dataset import Writing, flow_of, plain, web_flows, write_truth
from dnswatch.lab.campus.run.web import BrowsedDay
from dnswatch.lab.campus.world import HTTP
from dnswatch.model.flow import Outcome
from dnswatch.serve.policies import texts
from tests.lab.campus.scene import DAY, campus, outbreak, plan

CONTACT = SeenContact(5.0, b"\x0a\0\0\1", b"\x0b\0\0\1", 25, True)


def test_a_worms_mail_is_as_large_as_the_worm() -> None:
    """SoBig's had 100 kB, which is how the paper told it from other mails (its section 5)."""
    worm, honest = (flow_of(CONTACT, True, is_worm).payload or 0 for is_worm in (True, False))
    assert worm >= 100_000 > honest > 0
    failed = flow_of(CONTACT, False, True)
    assert (failed.outcome, failed.payload) == (Outcome.FAILURE, 0)


def test_connections_of_a_day_become_flows() -> None:
    """One each."""
    day = BrowsedDay(np.array([1.0, 2.0]), np.array([0, 0]), np.array([3, 4]))
    flows = list(web_flows(day, [b"\x0a\0\0\1"], campus(plan()).outside))
    assert [(flow.at, flow.port) for flow in flows] == [(1.0, 80), (2.0, 80)]
    assert flows[0].destination != flows[1].destination


def test_a_worms_call_is_no_mail() -> None:
    """It is as large as a part of a page."""
    call = flow_of(CONTACT._replace(port=HTTP), True, True)
    assert (call.port, call.outcome) == (HTTP, Outcome.SUCCESS)
    assert (call.payload or 0) < 1000


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
