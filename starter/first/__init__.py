"""What `netsaga init` writes: a commented definition and its template, as files that can be read and tested."""
