"""What ships for tests: stand-ins that are passed in, never patched in."""
