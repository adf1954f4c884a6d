"""Worms: as parameter files, and what an infected host does.

worm        what a worm's file says
shipped     the files that come with dnswatch
outbreak    who is infected when, what an infected host does, and how it spreads
"""
