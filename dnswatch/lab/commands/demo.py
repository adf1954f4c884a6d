"""`dnswatch demo`: a worm's life, on this machine's own loopback."""


def demo() -> None:
    """Set a simulated worm against a real dnswatch, three times.

    Without a policy, with `delay`, with `quarantine`: 20 seconds each.  It needs no root, and all
    of it stays on loopback addresses.

    Example: dnswatch demo
    """
    from dnswatch.lab.demo.show import main

    main()
