"""What clients send, as it travels: only what differs from a field's default.

A worker of an older build takes no message with a key that it does not know. What a client leaves at its default need
not be told, so a newer client can ask older workers for everything that they know.
"""

from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from workflows.plan import Model


class Asked(Model):
    """A message of clients: written without the fields that stand at their default."""

    @model_serializer(mode="wrap")
    def _what_differs(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:  # Any: whatever the fields yield
        fields = type(self).model_fields
        return {
            name: value
            for name, value in write(self).items()
            if name not in fields or getattr(self, name) != fields[name].get_default(call_default_factory=True)
        }
