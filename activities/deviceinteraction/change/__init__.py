"""Changing a device so that a retry is harmless: apply and undo with their journal. Shared by all platforms."""
