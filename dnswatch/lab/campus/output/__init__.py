"""Outputs: what a campus leaves for others to read, each with the truth beside it.

dataset    a data set (docs/dataset.md), with flows as a router at the edge counts them
packets    a capture that tshark and Zeek read
play       real queries to a running dnswatch
"""
