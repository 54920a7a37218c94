"""One file per network operating system, a protocol they share, and the table of all of them."""
