"""The laboratory's commands; `dnswatch.cli` imports each when it is called."""
