"""What is true of a site: observations, the site cache, exchanges, accounts.

Pure: time comes in as an argument (Unix seconds), changes come out as values; no socket, clock,
chance, file, database or log.
"""
