"""
``docs/microservice.md``: the reference of the resource, from the types; the prose around it is here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from concordat.api import TIERS, MicroserviceSpec, ServiceContract, ServiceContractSpec
from concordat.api.defaults import PROBES
from concordat.api.schema.crd import microservice_crd, service_contract_crd
from tests.api.reference import objects, table

CASES = Path(__file__).parents[1] / "cases"
_RAW = MicroserviceSpec.model_json_schema(by_alias=True)
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
        *table(SPEC, "spec", _RAW),
        "",
        *objects(SPEC, "spec", _RAW),
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


def service_contract() -> str:
    """The whole page."""
    lines = [
        _CONTRACT_OPENING,
        *table(CONTRACT, "spec", _CONTRACT_RAW),
        "",
        *objects(CONTRACT, "spec", _CONTRACT_RAW),
        "## What its life allows",
        "",
        "Compared with what is accepted (`status`), so that a mistake that was refused can be taken back.",
        "",
        *(f"- {_capital(rule.message)}." for rule in (*ServiceContractSpec.transitions, *ServiceContract.transitions)),
        _CONTRACT_CLOSING,
    ]
    return "\n".join(lines)


GENERATED = {"docs/microservice.md": microservice, "docs/servicecontract.md": service_contract}

_CONTRACT_OPENING = """\
# ServiceContract

`concordat.dev/v1alpha1`, namespaced, short name `contract`. Declares an API: what it is, who may use it and how it may change.
A version comes into force only if it breaks nobody who runs. Generated from the types by `make generated`; `kubectl explain
servicecontract.spec` says the same in a terminal.

```yaml
apiVersion: concordat.dev/v1alpha1
kind: ServiceContract
metadata: {name: payments-api, namespace: payments}
spec:
  type: openapi
  version: 1.4.0
  document: {configMap: {name: payments-api-1.4.0, key: openapi.json}}
  compatibility: backward
  lifecycle: {state: deprecated, sunset: "2027-06-30", successor: payments-api-v2}
  access: {namespaces: [shop, billing]}
  auth: {scheme: jwt, issuer: https://id.example.com, scopes: {createPayment: [payments:write]}}
  externalConsumers:
    - {name: partner-x, uses: [{operation: createPayment}], scopes: [payments:write]}
```

`concordat contract push FILE` makes one of a document, however large, with its ConfigMaps; `--with contract.yaml` adds
[the rest](contracts.md#publishing-a-version).

## What happens to it

1. The document is read in a process of its own, with a bound on time and memory: a hostile one gives a condition.
2. It is compared with the versions `compatibility` names, and with what everybody **uses** who relies on the contract now:
   services with pods, by the `consumes[].uses` their pods were rolled out with (during a rollout also what the former
   pods use), and `externalConsumers`. Who declares nothing uses everything.
3. Accepted, it is kept in normal form as an immutable ConfigMap named by its digest, and `status.version` moves. Refused,
   **nothing changes**: the former version stays in force, services that provide the contract are not rolled out
   (`ContractsSatisfied=False`), and `Ready`'s message names operation, field and consumer. When the last consumer that
   stood in its way has moved, the same version is accepted by itself.

`auth` is no part of the document and may change without a new version: who calls and asks for no such token is counted in the same way,
and what is demanded comes into force once all of them do ([tokens](contracts.md#who-may-call-tokens)).

Deleting a contract cannot be refused by a reconciler; the webhook refuses it while somebody relies on it. Without the webhook
the accepted versions go with the resource, consumers go on as they are, and nothing is gated any more until it is back.
A `draft` binds nobody and is kept nowhere. What became of it, its [conditions](conditions.md) say; `concordat.dev/break-glass` lets a
version through all the same.

## Fields

Required fields are bold. An operation goes by its operationId, or by method and path (`GET /payments/{id}`); GraphQL's by
`Query.payment`; AsyncAPI's by its id or by `receive orders`.
"""

_CONTRACT_CLOSING = """
The version never goes back, and a version once accepted is never published with other content: the operator refuses both.
"""

_OPENING = """\
# Microservice

`concordat.dev/v1alpha1`, namespaced, short name `msvc`. Declares what a service is, what it offers and what it uses;
everything around it is built, guarded and watched. Generated from the types by `make generated`; `kubectl explain
microservice.spec` says the same in a terminal.

## The least that runs
"""

_AFTER_SMALLEST = """
That is a Deployment of two to six replicas, a Service, a ServiceAccount that can do nothing, an autoscaler, a disruption
budget, a network policy that lets in Prometheus and nobody else, a ServiceMonitor, alert rules, their routing and a dashboard. `concordat render` prints them,
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
- **Tokens.** Where a contract demands them, `scopes` in `consumes` is what you ask for: `PAYMENTS_API_TOKEN_ISSUER`, `_AUDIENCE` and
  `_SCOPES` say of whom and for what, and the policy lets you reach the issuer. A service whose own contracts demand tokens finds in
  `AUTH_REQUIREMENTS` what to demand; see [tokens](contracts.md#who-may-call-tokens).
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


_CONTRACT_RAW = ServiceContractSpec.model_json_schema(by_alias=True)
CONTRACT = service_contract_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


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
