"""Where a run's devices come from: a port, and adapters for the inventory files that people already have."""
