"""The summary: what happened on a campus, in a few lines for a person."""

from collections import Counter
from collections.abc import Iterator
from statistics import median

from dnswatch.lab.campus.run.truth import Fate, Truth


def summary(truth: Truth) -> Iterator[str]:
    """Say what happened."""
    yield (
        f"lookups   {truth.lookups['honest']:,} of honest hosts, {truth.lookups['worm']:,} of"
        " infected ones"
    )
    yield f"mail      {_fates(truth.servers)} of the mail servers; {_touched(truth)}"
    yield f"          {_fates(truth.honest)} of honest clients by themselves"
    yield (
        f"judged    {len(truth.false)} honest hosts infected wrongly, {len(truth.suspects)} suspect"
        " at times"
    )
    senders = list(truth.senders.values())
    if not senders:
        yield "worm      none broke out"
        return
    total = Counter[Fate]()
    for sender in senders:
        total.update(sender.fates)
    found = [sender for sender in senders if sender.verdict_at is not None]
    yield f"worm      {len(senders)} hosts infected; mails: {_fates(total)}"
    if found:
        seconds = median((sender.verdict_at or 0) - sender.infected_at for sender in found)
        domains = median(sender.domains_before for sender in found)
        yield (
            f"found     {len(found)} of {len(senders)}, in the median after {domains:.0f} mail"
            f" domains and {seconds:,.0f} s"
        )
    else:
        yield "found     none"


def _fates(fates: Counter[Fate]) -> str:
    said = [f"{fates[fate]:,} {fate.value}" for fate in Fate if fates[fate]]
    return ", ".join(said) or "no mails"


def _touched(truth: Truth) -> str:
    if not truth.server_waits:
        return "none of them touched"
    return f"{truth.server_waits} of them held up"
