"""The fleet: several servers of one site, with one site cache and one set of verdicts.

Every node answers by itself; through a Valkey or Redis server, the *engine*, one of them, the
*leader*, hears of all their lookups, and the others hear what it makes of these (docs/fleet.md).
Nothing here is imported where no engine is set.

    engine       the one file that knows the engine's library
    forms        what nodes write there, and how it is read again (pure)
    nodes        who is there
    relay        stands where the watch stands in a single server: reads the lines
    uplink       ... the node's journal on its way to the leader
    downlink     ... what the leader tells; `mirror` is what the workers were told
    candidate    the watch's process: follows, and leads once that is its turn
    leading      ... with the lease, the store on its way to all, and
    gathering    ... the order of what all nodes say, which `reader` reads
    bulletin     ... what is told to all workers
    mailbox      what one thread leaves for another
    lease        who leads, and the fence by which a deposed leader is refused
    rows         versions of the store, cut into entries of a stream and put together (pure)
    shipping     the leader's store on its way to all others
    following    the store of a node that does not lead
    sameness     clients must be known by the same names on all nodes
    view         how the fleet does, as one node sees it
    orders       a person's order on its way to the leader, and the answer
"""
