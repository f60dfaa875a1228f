"""
The base of every type people write, and the bounded scalars they are made of.

Field descriptions end up in the CRD and are what ``kubectl explain`` prints.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel


class Schema(BaseModel):
    """Frozen; camelCase outside, snake_case inside; an unknown field is an error, never silently dropped."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


def cel(rule: str, message: str, *, field_path: str | None = None) -> dict[str, str]:
    """A CEL rule of the CRD; the message names the field and the remedy."""
    validation = {"rule": rule, "message": message}
    return validation if field_path is None else validation | {"fieldPath": field_path}


def rules(*validations: dict[str, str]) -> dict[str, Any]:
    """``json_schema_extra`` that attaches CEL rules to a type or a field."""
    return {"x-kubernetes-validations": list(validations)}


DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
QUANTITY = r"^([0-9]+(\.[0-9]{1,3})?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
HOSTNAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$"
HTTP_PATH = r"^/[A-Za-z0-9/._~%!$&'()*+,;=:@-]*$"
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
REFERENCE = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
IMAGE = r"^[A-Za-z0-9][A-Za-z0-9._/:@-]*$"

DnsLabel = Annotated[str, StringConstraints(pattern=DNS_LABEL, max_length=63)]
ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
Reference = Annotated[str, StringConstraints(pattern=REFERENCE, max_length=317)]
"""``name`` in the own namespace, or ``namespace/name``."""
HttpPath = Annotated[str, StringConstraints(pattern=HTTP_PATH, min_length=1, max_length=1024)]
Host = Annotated[str, StringConstraints(pattern=HOSTNAME, max_length=253)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
PortName = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]{0,13}[a-z0-9])?$", max_length=15)]

Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value),
    StringConstraints(pattern=QUANTITY, max_length=16),
    WithJsonSchema({"x-kubernetes-int-or-string": True, "pattern": QUANTITY, "maxLength": 16}),
]
"""A Kubernetes quantity: ``250m``, ``256Mi``, or a plain number."""
