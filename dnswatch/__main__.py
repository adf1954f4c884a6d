"""`python -m dnswatch`: the command line, where its script is not at hand."""

from dnswatch.cli import main

main()
