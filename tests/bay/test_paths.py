"""Whether a site has a bay, and where."""

from pathlib import Path

from dnswatch.bay.paths import endpoints, hostname, is_wanted, spool_of
from dnswatch.settings import Settings, read

DIVERTS = '[quarantine]\ni_have_authority = true\naddresses = ["192.0.2.9", "2001:db8::9"]\n'


def test_bay_takes_mail_where_clients_are_diverted_to() -> None:
    """Without a word of its own the bay listens at port 25 of the quarantine's addresses."""
    settings = read(DIVERTS, "")
    assert endpoints(settings) == ("192.0.2.9:25", "[2001:db8::9]:25")
    assert endpoints(read(DIVERTS + '[bay]\nlisten = ["127.0.0.1:2525"]', "")) == (
        "127.0.0.1:2525",
    )
    assert hostname(settings) == "holding-bay.internal"
    named = read(DIVERTS + '[bay]\nhostname = "Hold.corp.example"', "")
    assert hostname(named) == "hold.corp.example"
    assert {type(hostname(one)) for one in (settings, named)} == {str}, "a record takes no other"


def test_bay_runs_where_mail_may_be_diverted() -> None:
    """A site that may not divert mail has no bay, unless it asks for one."""
    assert not is_wanted(Settings())
    assert is_wanted(read(DIVERTS, ""))
    assert is_wanted(read('[bay]\nenabled = true\nlisten = ["127.0.0.25:25"]', ""))


def test_spool_stands_in_the_state_directory(tmp_path: Path) -> None:
    """Mail is kept in the state directory unless the site names another place."""
    assert spool_of(Settings(), tmp_path).path == tmp_path / "bay"
    assert spool_of(read('[bay]\nspool = "/srv/bay"', ""), tmp_path).path == Path("/srv/bay")
