"""Where `dnswatch` and `python -m dnswatch` begin."""

import signal


def main() -> None:
    """Load the command line, and run what it says."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is begun yet: Ctrl-C just ends it
    from dnswatch.cli import main as run

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()
