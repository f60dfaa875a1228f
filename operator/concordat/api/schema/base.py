"""
The base of every type people write, and how a rule is said once to the API server and once to Python.

Field descriptions end up in the CRD and are what ``kubectl explain`` prints.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True, kw_only=True)
class Check:
    """
    A rule that a schema cannot say, or cannot say in words a person understands.

    ``cel`` is for the API server, ``holds`` for everything that runs without one. A test sends the same resources to
    both and demands the same answer. Annotates a field, or stands in ``checks`` of a :class:`Schema`.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str
    """Says what to write instead."""
    path: str = ""
    """The field it is about, relative to where it stands: ``.min``."""
    item: Callable[[Any], str] = lambda value: ""
    """Which part of that field, where it is a list and the API server cannot say: ``[1].below``."""

    def require(self, value: Any) -> Any:
        if not self.holds(value):
            where = {"message": self.message, "path": f"{self.path}{self.item(value)}"}
            raise PydanticCustomError("check", "{message}", where)
        return value

    @property
    def validation(self) -> dict[str, str]:
        """As the CRD wants it."""
        rule = {"rule": self.cel, "message": self.message}
        return rule | {"fieldPath": self.path} if self.path else rule

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.require, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        out = dict(handler(schema))
        return out | {VALIDATIONS: [*out.get(VALIDATIONS, []), self.validation]}


def matching(pattern: str, message: str) -> Check:
    """
    The whole text matches.

    By CEL, because the API server answers a failed ``pattern`` with the pattern and nothing else.
    """
    compiled = re.compile(pattern)
    return Check(
        cel=f'self.matches(r"^(?:{pattern})$")', holds=lambda text: bool(compiled.fullmatch(text)), message=message
    )


@dataclass(frozen=True, kw_only=True)
class Transition:
    """
    A rule about a change: what was allowed before decides what is allowed now.

    Stands in ``transitions`` of a :class:`Schema`. ``cel`` speaks of ``oldSelf`` and ``self``, ``holds`` takes what it needs of
    both: for a resource the status before and the spec now, else the value before and now.
    """

    cel: str
    holds: Callable[[Any, Any], bool]
    message: str
    path: str

    @property
    def validation(self) -> dict[str, str]:
        """As the CRD wants it."""
        return {"rule": self.cel, "message": self.message, "fieldPath": self.path}


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """A list that names nothing twice: as it is, or by one field of its items."""

    by: str | None = None

    def require(self, items: Sequence[Any]) -> Sequence[Any]:
        seen = [getattr(item, self.by) if self.by else item for item in items]
        twice = next((item for position, item in enumerate(seen) if item in seen[:position]), None)
        if twice is not None:
            raise PydanticCustomError("distinct", "{twice} stands here twice: keep one", {"twice": twice})
        return items

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.require, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        out = dict(handler(schema))
        if self.by is None:
            return out | {"x-kubernetes-list-type": "set"}
        return out | {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [self.by]}


def without_nulls(value: Any) -> Any:
    """``health:`` with nothing behind it is what people leave while editing; the API server prunes it as well."""
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, Mapping) else value


class Schema(BaseModel):
    """Frozen; camelCase outside, snake_case inside; an unknown field is an error, never silently dropped."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )
    checks: ClassVar[tuple[Check, ...]] = ()
    transitions: ClassVar[tuple[Transition, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_absent(cls, value: Any) -> Any:
        return without_nulls(value)

    @model_validator(mode="after")
    def _checks_hold(self) -> "Schema":
        for check in self.checks:
            check.require(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        reference = dict(handler(schema))
        rules = [
            *(check.validation for check in cls.checks),
            *(transition.validation for transition in cls.transitions),
        ]
        if rules:
            handler.resolve_ref_schema(reference)[VALIDATIONS] = rules
        return reference
