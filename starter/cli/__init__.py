"""The commands of `netsaga`, one file a command or a few that belong together."""
