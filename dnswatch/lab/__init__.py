"""The laboratory: what tries dnswatch out and studies traces.  Nothing of the product imports it.

campus      a simulated site, its worms, and every defence on the same days
study       the paper's analysis of a trace
demo        a simulated worm against a real dnswatch
pictures    how the pictures of campus and study look
commands    their commands, imported when called
"""
