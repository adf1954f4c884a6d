"""The real `dnswatch serve` on loopback, with real clients in front and real or lying upstreams."""
