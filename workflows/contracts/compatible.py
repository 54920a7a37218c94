"""Messages that a build of before can read as well: what stands at its default does not travel.

An older worker, run or guard takes no message with a key that it does not know. What need not be told is left out, so
that builds of different age understand each other in everything that both of them know.

What is told all the same is read by what hangs on it. A client shows the known part of a status (`starter/reading.py`).
A plan that is to be applied (`starter/planfile.py`) and a grant of the guard (`activities/guard.py`) are refused in
words: what is not known there may be a condition under which devices may be changed.
"""

from typing import Annotated, Any, TypeVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from workflows.plan import Model

T = TypeVar("T")

# A field that came later than its message: left out where it is empty, which must be its default.
Newer = Annotated[T, Field(exclude_if=lambda value: not value)]


class Asked(Model):
    """A message of clients: written without any field that stands at its default."""

    @model_serializer(mode="wrap")
    def _what_differs(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:  # Any: whatever the fields yield
        fields = type(self).model_fields
        return {
            name: value
            for name, value in write(self).items()
            if name not in fields or getattr(self, name) != fields[name].get_default(call_default_factory=True)
        }
