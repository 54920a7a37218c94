"""Everything that touches the world: devices, stores, people. Decides no order, no retry and no undo."""
