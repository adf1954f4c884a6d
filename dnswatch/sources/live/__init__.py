"""Live sources: what resolvers tell while they run, handed to the watch as batches.

tap        dnstap, from several resolvers at once        following  logs of Zeek and dnsmasq
frames     Frame Streams, as a connection speaks it      tail       a log that is rotated
hearing    dnstap's messages as lookups, by our clock    dnsmasq    a line of its query log
handing    batches on their way to the watch
"""
