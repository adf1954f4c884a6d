"""An upstream that says nothing, for whoever speaks for it: a test, or a benchmark."""

from dnswatch.resolver.ask import Ask


class SilentTransport:
    """Keeps what it is asked, and answers nothing."""

    url = "udp://192.0.2.1"

    def __init__(self) -> None:
        """Begin with nothing."""
        self.asked: list[Ask] = []
        "What it was asked, in order."

    def ask(self, ask: Ask) -> None:
        """Keep a question."""
        self.asked.append(ask)

    def close(self) -> None:
        """Have nothing to close."""
