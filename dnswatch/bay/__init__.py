"""The holding bay: the SMTP server that stands in for the real exchange of a quarantined client.

A message is written down whole, inspected, and then released, held, deferred or discarded; what
happened to it stands in its record, from which everything else can be rebuilt.
"""
