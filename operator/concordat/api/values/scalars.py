"""
The bounded scalars everything is made of, each with the sentence that says how to write it.
"""

from ipaddress import IPv6Network, ip_network
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from concordat.api.schema.base import VALIDATIONS, Check, matching
from concordat.api.values.duration import PATTERN as DURATION
from concordat.api.values.duration import seconds
from concordat.api.values.quantity import quantity

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_PART}(\.{_PART})*"

DnsLabel = Annotated[
    str,
    StringConstraints(max_length=63),
    matching(_LABEL, "use lower-case letters, digits and dashes, a letter or digit at both ends, e.g. checkout"),
]
ObjectName = Annotated[
    str,
    StringConstraints(max_length=253),
    matching(
        _SUBDOMAIN, "use lower-case letters, digits, dashes and dots, a letter or digit at both ends, e.g. orders-db"
    ),
]
Reference = Annotated[
    str,
    StringConstraints(max_length=317),
    matching(f"({_LABEL}/)?{_SUBDOMAIN}", "give a name, or namespace/name, in lower case, e.g. payments/payments-api"),
]
"""``name`` in the own namespace, or ``namespace/name``."""

HttpPath = Annotated[
    str,
    StringConstraints(max_length=1024),
    matching(r"/[A-Za-z0-9/._~%!$&'()*+,;=:@?-]*", "start the path with a slash and leave out spaces, e.g. /healthz"),
]
_PATH = matching(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*", "")
_PATH_MESSAGE = "start the path with a slash; no spaces, percent signs, //, /./ or /../, e.g. /orders"
PathPrefix = Annotated[
    str,
    StringConstraints(max_length=1024),
    Check(
        cel=f"{_PATH.cel} && !self.contains('//') && !(self + '/').contains('/./') && !(self + '/').contains('/../')",
        holds=lambda text: (
            _PATH.holds(text) and not any(part in f"{text}/" for part in ("/./", "/../")) and "//" not in text
        ),
        message=_PATH_MESSAGE,
    ),
]
"""What Gateway API takes as a path prefix."""
Host = Annotated[
    str,
    StringConstraints(max_length=253),
    matching(rf"{_LABEL}(\.{_LABEL})+", "give one full host name in lower case, no wildcard, e.g. orders.example.com"),
]
PortNumber = Annotated[int, Strict(), Field(ge=1, le=65535)]
_LONGEST_PORT_NAME = 15
_PORT_NAME = matching(
    "[a-z](-?[a-z0-9])*",
    "a port's name starts with a letter and has at most 15 lower-case letters, digits and single dashes between them,"
    " e.g. http",
)
PortName = Annotated[str, StringConstraints(max_length=_LONGEST_PORT_NAME), _PORT_NAME]
"""An IANA service name (RFC 6335), as Kubernetes wants it of a container's port."""
PORT_NAMES = Check(
    cel=f"self.all(name, size(name) <= {_LONGEST_PORT_NAME} && {_PORT_NAME.cel.replace('self', 'name')})",
    holds=lambda ports: all(len(name) <= _LONGEST_PORT_NAME and _PORT_NAME.holds(name) for name in ports),
    message=_PORT_NAME.message,
)
"""Of a map: each of its keys is a port's name."""
Protocol = Literal["TCP", "UDP"]

BrokerName = Annotated[
    str,
    StringConstraints(max_length=255),
    matching("[A-Za-z0-9._:@/#+~-]+", "use letters, digits and any of . _ : @ / # + ~ -, e.g. orders.created"),
]
"""What a message broker calls something: a queue, a consumer group."""

EnvName = Annotated[
    str,
    StringConstraints(max_length=128),
    matching("[A-Za-z_][A-Za-z0-9_]*", "use letters, digits and underscores, no digit first, e.g. LOG_LEVEL"),
]
Key = Annotated[
    str,
    StringConstraints(max_length=253),
    matching(
        "[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*",
        "use letters, digits, dashes, dots and underscores, at most one dot first, e.g. password",
    ),
]
Image = Annotated[
    str,
    StringConstraints(max_length=512),
    matching(
        r"([A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?(:[0-9]{1,5})?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
        r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})",
        "give the image with its tag or digest, e.g. registry.example.com/shop/orders:1.4.2",
    ),
]
_DURATION = "give a duration above zero in milliseconds or seconds, e.g. 200ms or 1.5s"
Duration = Annotated[
    str,
    StringConstraints(max_length=16),
    matching(DURATION, _DURATION),
    Check(
        cel=f"!self.matches('^{DURATION}$') || duration(self) > duration('0s')",
        holds=lambda text: seconds(text) > 0,
        message=_DURATION,
    ),
]
"""Of a request: never hours."""


def _is_network(text: str) -> bool:
    """As ``isCIDR`` of Kubernetes' CEL: an address and a prefix length, nothing mapped, no zone."""
    address, slash, prefix = text.partition("/")
    if not slash or not prefix.isdecimal() or str(int(prefix)) != prefix or "%" in address:
        return False
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return False
    return not (isinstance(network, IPv6Network) and network.network_address.ipv4_mapped)


Network = Annotated[
    str,
    StringConstraints(max_length=43),
    Check(cel="isCIDR(self)", holds=_is_network, message="give a network with its prefix length, e.g. 10.20.0.0/16"),
]
LabelKey = r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
LabelValue = Annotated[
    str,
    StringConstraints(max_length=63),
    matching(
        "([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", "this is no label value: use letters, digits, dashes, dots"
    ),
]


def _written(value: Any) -> Any:
    """``cpu: 2`` is a number in YAML; ``cpu: 0.5`` is one the API server takes for no quantity."""
    if isinstance(value, float):
        message = f"{value} needs quotes, or say it in a smaller unit without the point"
        raise PydanticCustomError("check", "{message}", {"message": message})
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _measure(pattern: str, least: str, message: str) -> tuple[Any, ...]:
    shape = matching(pattern, message)
    checks = (
        Check(cel=shape.cel.replace("self", "string(self)"), holds=shape.holds, message=message),
        Check(
            cel=f"!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('{least}')) >= 0",
            holds=lambda text: quantity(text) >= quantity(least),
            message=f"less than {least} runs nothing: {message}",
        ),
    )
    schema = {"x-kubernetes-int-or-string": True, "maxLength": 16, VALIDATIONS: [check.validation for check in checks]}
    return (BeforeValidator(_written), StringConstraints(max_length=16, strict=True), *checks, WithJsonSchema(schema))


_CPU = _measure(r"[0-9]{1,6}(\.[0-9]{1,3})?|[0-9]{1,9}m", "1m", "give cores or thousandths of a core, e.g. 2 or 250m")
_MEMORY = _measure(
    r"[0-9]{1,12}([.][0-9]{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti)?", "4Mi", "give bytes with a unit, e.g. 256Mi or 2Gi"
)
Cpu = Annotated[str, *_CPU]
Memory = Annotated[str, *_MEMORY]
