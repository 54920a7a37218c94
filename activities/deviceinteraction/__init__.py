"""The device library: sessions, platforms, parsing and safe change.

It knows nothing of Temporal and imports nothing of netsaga outside itself, so that it could be published alone.
"""
