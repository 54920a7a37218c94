"""How a client reads what runs and the guard say, where their worker is of a newer build than it is.

What it only shows may have fields that it does not know: they are left out. That is right for a status, and wrong for
what is obeyed: workers read with `workflows.converter.CONVERTER`, which refuses such a message.
"""

from importlib import metadata
from typing import Any, ClassVar, Final

from pydantic import TypeAdapter, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, EncodingPayloadConverter

from workflows.converter import Compression, Conversion


def own_version() -> str:
    """The version of netsaga that is installed here."""
    return metadata.version("netsaga")


def read_as(error: ValidationError, whole: str) -> str:
    """The first thing that keeps ``whole`` ("the file") from being read, in words."""
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"]) or whole
    return f"{where}: {found['msg'][:1].lower()}{found['msg'][1:]}"


def unknown(error: ValidationError) -> tuple[str, ...]:
    """The fields that a reader does not know, where nothing else is wrong; none where something is."""
    found = error.errors()
    if any(one["type"] != "extra_forbidden" for one in found):
        return ()
    return tuple(".".join(str(part) for part in one["loc"]) for one in found)


class Tolerant(PydanticJSONPlainPayloadConverter):
    """JSON into models; what is known of it, where not all is."""

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ANN401  # as the SDK has it
        """Read one value.

        Raises:
            ValidationError: More than unknown fields keeps it from being read.
        """
        try:
            return super().from_payload(payload, type_hint)
        except ValidationError as error:
            if type_hint is None or not unknown(error):
                raise
            # Only where it must be: of alternatives, fields that are not known tell which one is meant.
            return TypeAdapter(type_hint).validate_json(payload.data, extra="ignore")


class _Reading(CompositePayloadConverter):
    """Conversions of all kinds, the JSON of models among them; made once, as in `workflows.converter`."""

    _SHARED: ClassVar[tuple[EncodingPayloadConverter, ...]] = tuple(
        Tolerant() if isinstance(one, PydanticJSONPlainPayloadConverter) else one
        for one in PydanticPayloadConverter().converters.values()
    )

    def __init__(self) -> None:
        super().__init__(*self._SHARED)


READER: Final = Conversion(payload_converter_class=_Reading, payload_codec=Compression())
