"""The service: the original's HTTP interface and the doors beside it, on one event log.

Importing this package does no work. `settings.Settings` says how a server is to run, `serving.serve` runs it.
"""
