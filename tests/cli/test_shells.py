"""The shells that completion is written for."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dnswatch.cli import app
from dnswatch.cli.shells import Shell
from tests.check import PATIENCE
from tests.cli.test_main import START

FIRST_LINES = {
    Shell.BASH: "_dnswatch_completion() {",
    Shell.FISH: "complete --command dnswatch",
    Shell.PWSH: "Import-Module PSReadLine",
    Shell.ZSH: "#compdef dnswatch",
}


def dnswatch(*arguments: str, **environment: str) -> tuple[int, str]:
    result = CliRunner(env=environment).invoke(app, arguments, prog_name="dnswatch")
    return result.exit_code, result.output


@pytest.mark.parametrize("written", ["--show-completion {}", "--show-completion={}"])
@pytest.mark.parametrize("shell", Shell)
def test_each_shell_has_its_own_script(shell: Shell, written: str) -> None:
    """The shell that is named, whichever one calls."""
    code, told = dnswatch(*written.format(shell).split())
    assert (code, told.startswith(FIRST_LINES[shell])) == (0, True)


def test_without_a_name_the_shell_that_calls_is_meant() -> None:
    """Bash gets what bash reads."""
    command = ["bash", "-c", '"$@"; :', "bash", *START, "--show-completion"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout.startswith(FIRST_LINES[Shell.BASH])


def test_a_calling_shell_that_cannot_complete_is_named(tmp_path: Path) -> None:
    """Nothing is guessed: which one is meant must be said."""
    tcsh = tmp_path / "tcsh"
    tcsh.symlink_to("/bin/bash")
    command = [str(tcsh), "-c", '"$@"; exit $?', "tcsh", *START, "--show-completion"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the shell that calls is tcsh; say which is meant (bash, fish, pwsh, zsh)" in " ".join(
        done.stderr.split()
    )


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_an_unknown_shell_is_refused(option: str) -> None:
    """In words of ours, and those that are known are told."""
    code, told = dnswatch(option, "csh")
    assert code == 2
    assert f"Invalid value for '{option}': 'csh' is not one of 'bash', 'fish'" in told


def test_it_is_installed_where_the_named_shell_looks(tmp_path: Path) -> None:
    """Fish reads a folder of its own."""
    code, told = dnswatch("--install-completion", "fish", HOME=str(tmp_path))
    script = tmp_path / ".config/fish/completions/dnswatch.fish"
    assert (code, str(script) in told) == (0, True)
    assert script.read_text().startswith(FIRST_LINES[Shell.FISH])
