"""Outputs: what a campus leaves for others to read, each with the truth beside it.

flows    connections as a router at the edge counts them
parquet  a data set (docs/dataset.md)
packets  a capture that tshark and Zeek read
truth    what really happened, beside each of them
play     real queries to a running dnswatch
"""
