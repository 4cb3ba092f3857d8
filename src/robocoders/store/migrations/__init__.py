"""The numbered migrations of the store, run by `robocoders.store.opening`."""
