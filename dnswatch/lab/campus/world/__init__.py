"""The world: the DNS outside, and who takes mail there.

popularity   Zipf's law, drawn from quickly
domains      mail domains, their exchanges and providers
outside      all names with their answers
"""
