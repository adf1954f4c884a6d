"""The DNS worker: listeners, answer cache, upstreams, and the first enforcement point.

    datagrams    batches of datagrams: recvmmsg and sendmmsg
    fast         the per-packet path over UDP: an answer at once, or on to `service`
    streams      queries over TCP
    service      what drives the core: its events carried out, its timer armed
    upstream     transports to those we ask: UDP, TCP and TLS, HTTPS
    reports      observations and counts to the watch, briefings from it
    worker       the process: wires all of this together

DNS never waits for a disk or for the watch: nothing here imports the store.
"""
