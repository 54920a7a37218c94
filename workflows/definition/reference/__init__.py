"""The language reference, as text: made from the models, so that it cannot say anything that the compiler does not do."""

from workflows.definition.reference.pages import explained, pages

__all__ = ["explained", "pages"]
