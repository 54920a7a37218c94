"""Text to rows: ntc-templates, compiled once."""

from activities.deviceinteraction.parse.templates import parse_rows

__all__ = ["parse_rows"]
