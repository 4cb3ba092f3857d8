"""The client: typed fronts, and where things lie on this machine. Importing it does no work."""
