"""How many mail domains a sender gets before its verdict, and how often honest clients are taken
for senders: `python -m bench.detection`.

Everything is simulated, with fixed seeds: classified lookups go straight into the detector.  The
honest site is invented; docs/detection.md says what it is made of.
"""
