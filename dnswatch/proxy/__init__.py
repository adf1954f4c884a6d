"""The DNS worker: listeners, answer cache, upstreams.

    datagrams   batches of datagrams: recvmmsg and sendmmsg
    fast        the per-packet path over UDP: an answer at once, or on to `service`
    streams     the same over TCP
    service     what a query gets: refusal, local name, cached answer, or a lookup
    cache       the answer cache
    lookup      one question in flight: waiters, failover, deadline
    upstream    whom we ask: UDP, TCP and TLS, HTTPS; health
    reports     observations and counts to the watch
    worker      the process: wires all of this together

DNS never waits for a disk or for the watch: nothing here imports the store.
"""
