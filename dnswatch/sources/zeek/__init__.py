"""Zeek's logs: dns.log, conn.log and smtp.log, as tab-separated text or as JSON.

lines    a log to rows: field to value, both as text
rows     rows to observations and flows
"""
