"""The watch process: observations in, briefings out, records to the store.

The main thread reads what workers and other vantage points send, folds it into the watch, judges
the clients and marks them; once it has begun it never waits for a disk.  Three threads beside it
do: the recorder, which writes what changed once a second, the housekeeper, which asks who is who
and lets go of old records, and the order poller, which looks for what persons said.  Each has its
own connection to the store.

    process      the main thread        pipeline    what it feeds, and a replay and the campus too
    intake       what is heard, in order reception  who sends batches
    door         how others come in     lines       the socket to each of them
    journal      what was read and is not stored yet
    judging      lookups to verdicts    policing    verdicts and orders to marks
    recorder     changes to the store   poller      orders from the store
    housekeeper  people, retention      archive     the store, with clients under their keys
"""
