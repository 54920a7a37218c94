"""Where bulk lives: a port, and its adapter for a local folder. History holds references to it, never content."""
