"""Flags for the config's sections, as their fields describe them."""

from __future__ import annotations

from typing import Any, get_type_hints

import tyro
from pydantic import ValidationError

from gandash.records import Section, explain

REGISTRY = tyro.constructors.ConstructorRegistry()


class RefusedError(Exception):
    """A setting that the config refuses.

    No ValueError, which tyro would print in its own, longer way.
    """


@REGISTRY.struct_rule
def _section(
    info: tyro.constructors.StructTypeInfo,
) -> tyro.constructors.StructConstructorSpec | None:
    """Flags for a section of the config, as its fields describe them.

    It checks their values itself.
    """
    if not (isinstance(info.type, type) and issubclass(info.type, Section)):
        return None
    section = info.type

    def build(**values: Any) -> Section:
        try:
            return section(**values)
        except ValidationError as error:
            raise RefusedError(explain(error)) from error

    build.__doc__ = section.__doc__
    types = get_type_hints(section)
    fields = [
        tyro.constructors.StructFieldSpec(
            name,
            types[name],
            getattr(info.default, name, field.get_default()),
            helptext=field.description,
        )
        for name, field in section.model_fields.items()
    ]
    return tyro.constructors.StructConstructorSpec(build, tuple(fields))
