"""What stops the benchmark."""


class BenchError(Exception):
    """A measurement cannot be made; the text says what is missing or went wrong, and the mend."""
