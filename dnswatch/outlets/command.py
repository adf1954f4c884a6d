"""A command: a program that is told by its standard input; no shell reads its arguments."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from dnswatch.errors import EventError
from dnswatch.outlets.outlet import Dispatch

PATIENCE: Final = 30.0
"""Seconds for it to end; then it is killed, and all that it began."""


class CommandOutlet:
    """Runs a program once for each thing that is told; its exit code 0 means that it was taken."""

    def __init__(self, command: Sequence[str], patience: float = PATIENCE) -> None:
        """Tell a program, by its path and arguments."""
        self._command = command
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    def send(self, dispatch: Dispatch) -> None:
        """Run it: the body on its input, the facts in its environment."""
        facts = {
            f"DNSWATCH_{name.upper()}": str(value).replace("\0", "")
            for name, value in dispatch.facts.items()
        }
        program = self._command[0]
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | facts,
                start_new_session=True,
            )
        except OSError as error:
            raise EventError(f"'{program}' cannot be run: {error.strerror}") from None
        try:
            self._process.communicate(dispatch.body, self._patience)
        except subprocess.TimeoutExpired:
            why = f"had not ended after {self._patience:.0f} s"
            raise EventError(f"'{program}' {why} and was killed") from None
        finally:
            self.close()
        if code := self._process.returncode:
            raise EventError(f"'{program}' ended with code {code}")

    def close(self) -> None:
        """Kill what still runs."""
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
