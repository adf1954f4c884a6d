"""The demonstration: a simulated worm against a real dnswatch, on loopback addresses, without root.

Three acts with the same worm: without a policy, with `delay`, with `quarantine`.  The resolver, its
watch, the policies and the holding bay are the real ones, started as a site starts them; the worm,
the world's DNS and the exchanges that it sends to are made up here.  No packet leaves the machine.
"""
