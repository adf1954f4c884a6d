"""The watch process: observations in, briefings out, records to the store.

The main thread reads what the workers send, folds it into the watch, judges the clients and marks
them; once it has begun it never waits for a disk.  Three threads beside it do: the recorder, which
writes what changed once a second, the housekeeper, which asks who is who and lets go of old
records, and the desk, which looks for what persons said.  Each has its own connection to the store.

    process      the main thread        lines       what workers send, and are told
    site         what the main thread feeds, and what a replay feeds as well
    judging      lookups to verdicts    policing    verdicts and orders to marks
    recorder     changes to the store   desk        orders from the store
    housekeeper  people, retention      archive     the store, with clients under their keys
"""
