"""Policies: from a verdict to what an enforcement point must do.

    policy      what a policy's file says
    reading     TOML to `Policy`, with exact errors
    orders      what persons said while the server runs: policies on and off, overrules, roles
    standing    how a client stands: a verdict, or a person's word above it
    marking     policies and standings to marks, as time goes on
    mark        what an enforcement point must do for one client, and until when
    exempt      whom and what no policy may touch
    ledger      what an enforcement point remembers of a marked client

Pure like all of the model: time and local time come in as arguments.
"""
