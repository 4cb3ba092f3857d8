"""Whether the search finds the right file, asked about packages that nobody tunes on."""
