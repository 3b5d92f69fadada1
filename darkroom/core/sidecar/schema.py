"""The JSON Schema of version 1, for tools in other languages.

Owns its title and address-free identity; the rest follows from the models.
"""

from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.model import Sidecar

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Json]:
    """The schema of the documents we write, as plain JSON values."""
    generated = Sidecar.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": _DIALECT,
        "$id": "urn:darkroom:sidecar:1",
        **generated,
        "title": "Darkroom sidecar, version 1",
    }
