"""The language reference, as text: made from the models that the compiler takes its keys from."""

from workflows.definition.reference.pages import explained, pages

__all__ = ["explained", "pages"]
