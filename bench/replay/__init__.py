"""What a replay costs: a capture that is made here, read by dnswatch and by others."""
