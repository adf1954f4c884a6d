"""The benchmark: dnswatch side by side with unbound, dnsdist and a bare echo, in one run.

    python -m bench [cached] [misses] [latency] [memory] [workers] [--seconds S] [--rounds N]

Each measurement is one file that returns a `Table`; what they stand on is in `rig` (cores, servers,
upstream), `process` (CPU and memory from /proc), `dnsperf` (full load), `pacing` (half load) and
`crowd` (many clients).

Rules of this room: a server under test is started afresh for every run, rounds are interleaved
(A B C A B C ...), ratios are taken within a round; nothing here is a test of dnswatch.
"""
