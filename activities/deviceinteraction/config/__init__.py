"""Configurations as data: reading, predicting, diffs and inverses. Pure; below `platforms` and `change`."""
