"""The commands by which persons give orders: policies, words on clients; and the log of it all.

Orders go into the store: a running server obeys them within a second, another one from its start.
"""
