"""The watch process: observations in, lessons out, records to the store.

The main thread reads what the workers send and folds it into the watch; once it has begun it never
waits for a disk.  Two threads beside it do: the recorder, which writes what changed once a second,
and the housekeeper, which asks who is who and lets go of old records.  Each has its own connection
to the store.
"""
