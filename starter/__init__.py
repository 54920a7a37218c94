"""Every client of Temporal: the Python client, the command line, the demo. It knows no device."""
