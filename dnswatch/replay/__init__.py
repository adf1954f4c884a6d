"""Replay: what was recorded elsewhere goes through the watch, by the clock of the recording.

replaying    from files to what is kept of them       folding    lookups to records
summary      what there was to read, and to find
"""
