"""Where credentials come from: a port, and adapters for the environment, a file and a command."""
