"""What `python -m worker` can be told to do, one file a command."""
