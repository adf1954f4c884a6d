"""Worms: as parameter files, and what an infected host does.

worm        what a worm's file says
shipped     the files that come with dnswatch
infection   what one infected host does
outbreak    who is infected when, and how it spreads inside the site
"""
