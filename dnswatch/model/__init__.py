"""What is true of a site: observations, the site cache, exchanges, accounts, verdicts, policies.

    observation   what a vantage point saw
    sitecache     which addresses the site has seen, and until when (in `groups`, in little memory)
    exchanges     which names are mail-related
    watch         folds observations through all of these; changes come out
    detection     mail-related lookups to verdicts
    policies      verdicts and persons' words to marks

Pure: time comes in as an argument (Unix seconds), changes come out as values; no socket, clock,
chance, file, database or log.
"""
