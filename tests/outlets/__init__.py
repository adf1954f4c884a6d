"""Ways out, each with a real receiver."""
