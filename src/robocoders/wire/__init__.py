"""The wire protocol as pure functions and generators: bytes in, events out.

Nothing here opens a socket or a file, reads a clock, or starts a thread; whoever has those passes the values in.
"""
