"""
``docs/microservice.md``: the reference of the resource, from the types; the prose around it is here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from concordat.api import TIERS, MicroserviceSpec
from concordat.api.crd import microservice_crd
from concordat.api.defaults import PROBES
from concordat.api.schema import VALIDATIONS

CASES = Path(__file__).parents[1] / "cases"
SPEC = microservice_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def microservice() -> str:
    """The whole page."""
    lines = [
        _OPENING,
        "```yaml",
        (CASES / "smallest" / "microservice.yaml").read_text().strip(),
        "```",
        _AFTER_SMALLEST,
        "```yaml",
        (CASES / "whole-story" / "microservice.yaml").read_text().strip(),
        "```",
        _BEFORE_FIELDS,
        *_table(SPEC, "spec"),
        "",
        *_objects(SPEC, "spec"),
        "## Defaults by tier",
        "",
        "What a tier decides where nothing is stated. A stated bound wins and carries the other along: `min: 8` alone",
        "raises a default `max` of 6 to 8, a fixed size.",
        "",
        *_tiers(),
        "",
        *_probes(),
        "",
        _REASONS_OPENING,
        *_reasons(),
        _CLOSING,
    ]
    return "\n".join(lines)


GENERATED = {"docs/microservice.md": microservice}

_OPENING = """\
# Microservice

`concordat.dev/v1alpha1`, namespaced, short name `msvc`. Declares what a service is, what it offers and what it uses;
everything around it is built, guarded and watched. Generated from the types by `make generated`; `kubectl explain
microservice.spec` says the same in a terminal.

## The least that runs
"""

_AFTER_SMALLEST = """
That is a Deployment of two to six replicas, a Service, a ServiceAccount that can do nothing, an autoscaler, a disruption
budget, a network policy that lets in Prometheus and nobody else, and a ServiceMonitor. `concordat render` prints them,
`concordat explain` says where each of their fields comes from, `concordat lint` refuses offline what the API server
would refuse.

## Most of what there is
"""

_BEFORE_FIELDS = """
`concordat init deployment/NAME` writes a first one from a Deployment that is already there.

## Fields

**Bold** fields are required. Where a port is not named, the main port is meant: the one called `http`, else the first by
name that is not called `metrics`; TCP before UDP.
"""

_REASONS_OPENING = """\
## What is reported

What the schema can say is refused when you apply. What needs to know the cluster is reported in `status.problems` with
the path of the field. An **error** needs a person: it stops the rollout and leaves the last good children as they are
(`HostTaken` leaves out the host and stops nothing). A **warning** leaves something out, and what is missing is picked up
by itself when it comes. So two services that consume each other can be created in any order.
"""

_CLOSING = """
## Good to know

- **Addresses.** A service answers at `http://NAME.NAMESPACE` (port 80 leads to the main port), and on every port's own
  number. What you consume is in your environment as `NAME_URL`: `PAYMENTS_URL` for `payments/payments`. It does not
  change while a provider is renumbered, recreated or not there yet, so your pods do not restart for it. A variable of
  that name in `env` wins.
- **Policies.** Everything is closed, both ways, but for name resolution, Prometheus (where metrics are read), the
  gateway (where a route is declared), and what is declared: one line in `consumes` opens your side and the provider's.
  Another namespace needs consent in the provider's `access.namespaces`; without it you learn nothing about it.
- **`egress.host` opens a port to every public address.** Network policies know addresses, not names. Use `cidr` where
  you know the network. The instance metadata of clouds stays closed either way.
- **Secrets** are told apart by name, so that nobody takes another service's by accident. The real border is the
  namespace, as everywhere in Kubernetes: whoever may create pods in it can read its Secrets.
- **Renumbering a port** closes the old number for pods that still use it. To lose nothing, add a port with the new
  number first, and take the old one away once every pod has it.
- **A change of team or tier label restarts nothing**; a change of resources, image, ports, health, env or args does, one
  pod after the other. `concordat plan` says which.
- **Names** longer than 63 characters, or that no Service may have, are shortened and end in two dashes and a hash.
- **There is no pod template.** What cannot be said in the fields cannot be had: that is why every pod passes Pod
  Security `restricted`. The root is read-only, the user is 65532, `/tmp` is writable up to 256 MiB.
- **`concordat.dev/paused: "true"`** on the resource or on one child stops our hand there, visibly;
  **`concordat.dev/adopt: "true"`** on an object of the same name that is not ours lets us take it over.
"""


def _table(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    required = schema.get("required", [])
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    for name, field in sorted(schema["properties"].items(), key=lambda item: (item[0] not in required, item[0])):
        shown = f"**`{name}`**" if name in required else f"`{name}`"
        if _inner(field) is not None:
            shown = f"[{shown}](#{_anchor(_below(path, name, field))})"
        yield f"| {shown} | {_type(field)} | {_sentence(field, _default(f'{path}.{name}'))} |"


def _objects(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """A section for each object inside, in the order of the types."""
    for name, field in schema["properties"].items():
        inner = _inner(field)
        if inner is None:
            continue
        below = _below(path, name, field)
        yield f"### `{below}`"
        yield ""
        yield inner.get("description", "").replace("\n", " ")
        yield ""
        yield from _table(inner, below)
        rules = [rule["message"] for rule in inner.get(VALIDATIONS, [])]
        if rules:
            yield ""
            yield from (f"- {rule}" for rule in rules)
        yield ""
        yield from _objects(inner, below)


def _inner(field: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The object a field is, or holds."""
    for candidate in (field, field.get("items", {}), field.get("additionalProperties", {})):
        if isinstance(candidate, Mapping) and "properties" in candidate:
            return candidate
    return None


def _below(path: str, name: str, field: Mapping[str, Any]) -> str:
    suffix = "[]" if "items" in field else ".NAME" if "additionalProperties" in field else ""
    return f"{path}.{name}{suffix}"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return "".join(letter for letter in heading.lower() if letter.isalnum() or letter in "-_")


def _type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    match field.get("type"):
        case "integer" | "number":
            return f"number, {field['minimum']} to {field['maximum']}"
        case "boolean":
            return "`true` or `false`"
        case "array":
            inner = field["items"]
            return f"list of {'objects' if 'properties' in inner else 'texts'}, at most {field['maxItems']}"
        case "object" if "additionalProperties" in field:
            inner = field["additionalProperties"]
            return f"{'objects' if 'properties' in inner else 'texts'} by name, at most {field['maxProperties']}"
        case "object":
            return "object"
    return f"text, at most {field['maxLength']}"


def _sentence(field: Mapping[str, Any], default: Any) -> str:
    """What it means, what is refused, what it is if left out."""
    items = field.get("items", {})
    rules = [] if field.get("properties") else field.get(VALIDATIONS, [])
    rules = [*rules, *([] if "properties" in items else items.get(VALIDATIONS, []))]
    said = [field["description"].replace("\n", " "), *dict.fromkeys(_capital(rule["message"]) + "." for rule in rules)]
    if isinstance(default, str | bool | list) and default not in ([], None):
        said.append(f"Default: `{yaml.safe_dump(default, default_flow_style=True).splitlines()[0]}`.")
    return " ".join(said).replace("|", "\\|")


def _default(path: str) -> Any:
    """What a field is if left out; None where it depends."""
    schema: Any = {"$ref": "/MicroserviceSpec"}
    definitions = _RAW.get("$defs", {}) | {"MicroserviceSpec": _RAW}
    default = None
    for step in path.replace("[]", ".ITEM").split(".")[1:]:
        options = [schema, *schema.get("anyOf", [])]
        schema = next(
            definitions[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
            for one in options
            if one.keys() & _HOLDS
        )
        schema = (
            schema["items"]
            if step == "ITEM"
            else schema.get("properties", {}).get(step) or schema["additionalProperties"]
        )
        default = schema.get("default")
    return default


_RAW = MicroserviceSpec.model_json_schema(by_alias=True)
_HOLDS = {"$ref", "properties", "items", "additionalProperties"}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tiers() -> Iterator[str]:
    yield "| tier | `scaling.min` | `scaling.max` | `scaling.cpu` | `resources.cpu` | `resources.memory` | spread over nodes and zones |"
    yield "|---|---|---|---|---|---|---|"
    for tier, decided in TIERS.items():
        spread = "yes" if decided.spread else "no"
        yield (
            f"| `{tier.value}` | {decided.min_replicas} | {decided.max_replicas} | {decided.cpu_percent} % | "
            f"{decided.cpu} | {decided.memory} | {spread} |"
        )


def _probes() -> Iterator[str]:
    yield "| probe | every | gives up after | counts after | made when |"
    yield "|---|---|---|---|---|"
    made = {
        "live": "stated",
        "ready": "always; without a path it only opens the port",
        "startup": "stated, or there is a liveness check",
    }
    for name, probe in PROBES.items():
        yield (
            f"| `{name}` | {probe.period_seconds} s | {probe.timeout_seconds} s | {probe.failure_threshold} failures | "
            f"{made[name]} |"
        )


def _reasons() -> Iterator[str]:
    """By the stories, so that every reason has a message somebody really gets."""
    yield "| reason | severity | for example |"
    yield "|---|---|---|"
    told = {
        reason: (severity, text)
        for file in sorted(CASES.glob("*/problems.txt"))
        for severity, reason, text in (line.split(" ", 2) for line in file.read_text().splitlines())
    }
    for reason, (severity, text) in sorted(told.items()):
        yield f"| `{reason}` | {severity} | {text} |"


def examples(page: str) -> Iterator[dict[str, Any]]:
    """Every Microservice on a page."""
    for block in page.split("```yaml\n")[1:]:
        yield yaml.safe_load(block.partition("```")[0])
