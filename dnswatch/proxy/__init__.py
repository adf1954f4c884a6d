"""The DNS worker: listeners, answer cache, upstreams, and the first enforcement point.

    datagrams    batches of datagrams: recvmmsg and sendmmsg
    fast         the per-packet path over UDP: an answer at once, or on to `service`
    streams      queries over TCP
    service      what a query gets: refusal, local name, cached answer, or a lookup
    lookup       one question in flight: waiters, failover, deadline
    upstream     whom we ask: UDP, TCP and TLS, HTTPS; health
    enforcement  what is done to mail-related answers of marked clients
    reports      observations and counts to the watch, briefings from it
    worker       the process: wires all of this together

DNS never waits for a disk or for the watch: nothing here imports the store.
"""
