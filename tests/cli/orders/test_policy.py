"""`dnswatch policy`: what there is, switched on and off, and tried out."""

from pathlib import Path

import pytest

from tests.cli.conftest import Read, Run
from tests.model.policies.texts import policy

BAY = 'quarantine = {i_have_authority = true, addresses = ["192.0.2.1"]}\n'


def test_policies_are_listed_in_order_of_precedence(read: Read) -> None:
    """The list is in the order in which policies come, and none is on by itself."""
    told = read("policy", "list")
    assert [each["name"] for each in told] == [
        "ladder",
        "quarantine",
        "refuse-mail-lookups",
        "delay",
        "limit-refreshes",
        "observe",
    ]
    assert not any(each["enabled"] for each in told)


def test_a_switch_says_what_will_happen_to_whom(run: Run, read: Read) -> None:
    """Enabling says what happens and to whom; disabling what happens then; both can be seen."""
    run("clients", "distrust", "10.0.0.66")
    said = run("policy", "enable", "delay")
    assert "every client that is suspect or worse: 5 new mail domains at once" in said
    assert "now: 10.0.0.66" in said
    assert "from the next start on" in said
    assert [each["name"] for each in read("policy", "list") if each["enabled"]] == ["delay"]
    assert "delay is off" in run("policy", "disable", "delay")
    assert "is off already" in run("policy", "disable", "delay", exit_code=1)


def test_a_policy_can_be_switched_on_as_a_dry_run(run: Run, read: Read) -> None:
    """It says what it would do; it can be let act, and can go back."""
    run("clients", "distrust", "10.0.0.66")
    said = run("policy", "enable", "delay", "--dry-run")
    assert "delay is on as a dry run" in said
    assert "would be: 5 new mail domains" in said
    assert read("policy", "show", "delay")["dry_run"]
    assert "dry run" in run("policy", "list")
    assert "would be" not in run("policy", "enable", "delay")
    assert not read("policy", "show", "delay")["dry_run"]


def test_a_policy_behind_another_says_so(run: Run) -> None:
    """Where another policy comes first the command says which, and for whom."""
    run("clients", "distrust", "10.0.0.66")
    run("policy", "enable", "ladder")
    assert "other policies come first for 10.0.0.66 (ladder)" in run("policy", "enable", "delay")


def test_quarantine_needs_a_word_of_authority(run: Run, tmp_path: Path) -> None:
    """Without the statement in the configuration quarantine is refused; with it, it is not."""
    assert "i_have_authority" in run("policy", "enable", "quarantine", exit_code=2)
    config = tmp_path / "dnswatch.toml"
    config.write_text(BAY)
    assert "holding bay" in run("policy", "enable", "quarantine", "--config", str(config))


def test_a_policy_is_shown_in_words(run: Run) -> None:
    """What it does, whom it may hit wrongly, and why, without a look into its file."""
    said = " ".join(run("policy", "show", "ladder").split())
    assert "every infected client: mail is led to the holding bay" in said
    assert "beyond that 0.8s of waiting, then the answer" in said
    assert "false alarms: At one tolerated" in said
    assert "see: docs/policies.md" in said


@pytest.mark.parametrize("command", ["show", "enable", "disable", "test"])
def test_an_unknown_policy_is_named(run: Run, command: str) -> None:
    """A name with a slip of the hand gets the name that was meant."""
    more = ["--client", "10.0.0.66"] if command == "test" else []
    assert "did you mean 'delay'?" in run("policy", command, "dealy", *more, exit_code=2)


def test_a_broken_policy_of_the_site_is_told(run: Run, tmp_path: Path) -> None:
    """The list tells what was left out, and asking for it says file and line."""
    (tmp_path / "mine.toml").write_text(policy("mine", "blok"))
    config = tmp_path / "dnswatch.toml"
    config.write_text(f'policies.directory = "{tmp_path}"')
    (tmp_path / "dnswatch.toml").rename(tmp_path / "site.conf")
    arguments = ["--config", str(tmp_path / "site.conf")]
    run("policy", "list", *arguments)
    assert 'mine.toml, line 6: action is "blok"' in run(
        "policy", "show", "mine", *arguments, exit_code=2
    )
    assert 'mine.toml, line 6: action is "blok"' in run("check", *arguments, exit_code=2)


def test_a_policy_is_tried_on_what_is_stored(run: Run, read: Read) -> None:
    """The trial tells what would have become of each stored lookup, and changes nothing."""
    said = run("policy", "test", "delay", "--client", "10.0.0.66")
    assert "mail-related lookups:" in said
    assert "victim5.example MX" in said
    assert "SERVFAIL after 4.0 s" in said
    sums = read("policy", "test", "delay", "--client", "10.0.0.66")["sums"]
    assert sums["passed"] + sums["refused"] == 30
    assert not any(each["enabled"] for each in read("policy", "list"))
    assert "was recorded" in run("policy", "test", "delay", "--client", "10.0.0.1", exit_code=1)


def test_an_off_switch_of_the_configuration_is_told(run: Run, tmp_path: Path) -> None:
    """Where the configuration lets no policy act, enabling one says so."""
    config = tmp_path / "dnswatch.toml"
    config.write_text("policies.act = false")
    said = run("policy", "enable", "delay", "--config", str(config))
    assert "now: nobody, since policies.act is false" in said
