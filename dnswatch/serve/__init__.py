"""The supervisor: binds the sockets, starts workers and watch, and starts again what dies.

sockets      the listening sockets, one for each worker and endpoint
children     one process at a time in each place, started again with a growing pause
supervisor   start, reload, stop
"""
