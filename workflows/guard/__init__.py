"""The guard: one long-lived workflow that leases devices to runs, so that two runs never change one device at once."""
