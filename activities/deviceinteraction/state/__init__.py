"""Normalised state beyond VLANs and interfaces: what is asked of each platform, and its answers in one shape."""

from activities.deviceinteraction.state.reading import read_state, sections_read_on

__all__ = ["read_state", "sections_read_on"]
