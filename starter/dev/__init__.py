"""A whole netsaga on one machine: the Temporal server, a worker and the testbed, as child processes."""
