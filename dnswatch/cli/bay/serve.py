"""`dnswatch bay serve`: run the holding bay in the foreground."""

import logging

from dnswatch.cli.options import Config, State
from dnswatch.cli.serve import Verbose, log_to_stderr
from dnswatch.cli.state import state_directory


def serve(config: Config = None, state: State = None, verbose: Verbose = False) -> None:
    """Take the mail of quarantined clients, and inspect it.

    Each message is then released, held or deferred.

    `dnswatch serve` runs the bay by itself where quarantine is configured; this command is for a
    bay on a machine of its own.  Runs until Ctrl-C or SIGTERM.

    Example: dnswatch bay serve --config dnswatch.toml
    """
    from dnswatch.bay import process
    from dnswatch.serve.loading import load

    log_to_stderr(logging.DEBUG if verbose else logging.INFO)
    process.main(load(config), state_directory(state), None)
