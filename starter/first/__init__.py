"""What `netsaga init` writes: a commented definition and its template, as files, so that they can be read and tested."""
