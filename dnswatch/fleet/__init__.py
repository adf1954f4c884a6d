"""The fleet: several servers of one site, with one site cache and one set of verdicts.

Every node answers by itself; through a Valkey or Redis server, the *engine*, one of them, the
*leader*, hears of all their lookups, and the others hear what it makes of these (docs/fleet.md).
Nothing here is imported where no engine is set.

    engine       the one file that knows the engine's library
    lease        who leads, and the fence by which a deposed leader is refused
"""
