"""Programs that measure: what a long log, many followers and slow readers cost. They run by hand, never as tests."""
