"""Worms that guess mail hosts, and stop at the first that is there, are found and held."""

from collections import Counter
from pathlib import Path

import pytest

from dnswatch.codes import Type
from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.run.resolver import Asking
from dnswatch.lab.campus.run.truth import MailFate
from dnswatch.lab.campus.worms import shipped
from dnswatch.serve.policies import texts
from dnswatch.wire.name import from_text
from tests.lab.campus.scene import DAY, plan

WEB_MAIL, NEVER_READ = from_text("mail.s7.com"), from_text("mail.s8.com")
VARIANTS = {
    "labels of old": '["mx", "mail", "smtp", "mx1", "mxs", "mail1", "relay", "ns", "gate"]',
    "other labels": '["mx01", "inbound", "mta"]',
}


@pytest.mark.parametrize("labels", VARIANTS.values(), ids=VARIANTS)
def test_what_a_guesser_mails_after_its_verdict_is_held(labels: str, tmp_path: Path) -> None:
    """One mail in twenty leaves at most; and the person's web mail opens."""
    worm = (Path(shipped.__file__).parent / "mytob.toml").read_text()
    file = tmp_path / "worm.toml"
    file.write_text(worm.replace("inside = 0.01\n", f"inside = 0.0\nguesses = {labels}\n"))
    outbreak = f'[outbreak]\nworm = "{file}"\nday = 9\nfirst = 3\nsusceptible = 0\n'
    chosen = plan(f"{outbreak}backscatter = 0")
    campus = Campus(chosen, 1, texts(""))
    campus.enable(["quarantine"])
    campus.truth.keeps_mails = True
    campus.outside._sites.update({WEB_MAIL: (7, 300), NEVER_READ: (8, 300)})
    for day in range(1, 9):
        campus.run(chosen.begin + day * DAY)
        for person in campus.site.clients:
            campus.resolver.ask(Asking(person, WEB_MAIL, Type.A))
    campus.run(chosen.begin + 10.5 * DAY)
    assert len(campus.truth.senders) == 3
    fates: Counter[MailFate] = Counter()
    for host, sender in campus.truth.senders.items():
        assert sender.verdict_at is not None
        fates.update(
            mail.fate
            for mail in campus.truth.mails
            if mail.source == host and mail.worm and mail.at >= sender.verdict_at
        )
        assert not campus.resolver.ask(Asking(host, WEB_MAIL, Type.A)).is_bay
        assert campus.resolver.ask(Asking(host, NEVER_READ, Type.A)).is_bay
    assert fates[MailFate.HELD] > 1000
    assert fates[MailFate.LEFT] <= 0.05 * (fates[MailFate.LEFT] + fates[MailFate.HELD])
