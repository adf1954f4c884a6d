"""The fleet: several servers of one site, with one site cache and one set of verdicts.

Every node answers by itself; through a Valkey or Redis server, the *engine*, one of them, the
*leader*, hears of all their lookups, and the others hear what it makes of these (docs/fleet.md).
Nothing here is imported where no engine is set.

    engine       the one file that knows the engine's library
    lease        who leads, and the fence by which a deposed leader is refused
    rows         versions of the store, cut into entries of a stream and put together (pure)
    shipping     the leader's store on its way to all others
    following    the store of a node that does not lead
    orders       a person's order on its way to the leader, and the answer
"""
