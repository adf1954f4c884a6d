"""Defences of others, as they were published: what dnswatch is compared with.

A *finder* reads lookups and says whom it takes to be infected; a *throttle* stands before a
client's connections and says how long each must wait.  Each is one class below the name of its
publication, keeps its published numbers, and knows nothing of the simulation around it.

    acts         what a defence gets to see
    finders      published detectors
    throttles    published limits on connections
"""
