"""
Texts made to break out, the whole way from a Microservice or a ServiceContract to the rule file, the dashboards and
Alertmanager's configuration.

The schema refuses nearly all of them; here they are put in behind its back, so that nothing depends on it.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import promql_parser as promql
import yaml

from concordat.api import Microservice, ServiceContract, parse, parse_contract, resolve
from concordat.api.objectives import ContractObjective
from concordat.errors import InvalidInput
from concordat.facts import Consumer, ContractFacts, Facts, Platform, Provider
from concordat.manifest import Manifest, as_yaml
from concordat.observability import contract as contracts
from concordat.observability import dashboard, routing, rules
from concordat.observability.slo.routing import HardDependency, alertmanager_file
from concordat.resources import kinds
from tests.dashboards import linter
from tests.slo.skeleton import skeleton

Json = dict[str, Any]

PLATFORM = Platform(
    grafana_url="https://grafana.example.com", alerts_url="https://alerts.example.com/{team}/{severity}"
)
SERVICE = resolve(
    parse(
        {
            "apiVersion": "concordat.dev/v1alpha1",
            "kind": "Microservice",
            "metadata": {"name": "abcdef", "namespace": "abcdef"},
            "spec": {
                "team": "abcdef",
                "tier": "critical",
                "image": "example.com/a:1.11",
                "ports": {"http": {"port": 8011}},
                "resources": {"cpuLimit": "1"},
                "consumes": [{"service": "abcdef/abcdef"}],
                "routing": {"hosts": ["abcdef.example.com"]},
                "objectives": [
                    {"name": "abcdef", "target": 99.9, "route": "/abcdef", "method": "POST"},
                    {"name": "abcdeg", "target": 99.9, "good": 'a_total{x="abcdef"}', "total": 'a_total{x="abcdef"}'},
                ],
            },
        }
    )
)
PROMISE = ContractObjective(name="abcdef", target=99.9, operation="POST /abcdef")
FACTS = Facts(
    platform=PLATFORM,
    providers={
        "abcdef/abcdef": Provider(
            name="abcdef", namespace="abcdef", object_name="abcdef", ports={"http": (8011, "TCP")}
        )
    },
    consumers=(Consumer(name="abcdef", namespace="abcdef"),),
    promised={"abcdef": (PROMISE,)},
)
CONTRACT = parse_contract(
    {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "ServiceContract",
        "metadata": {"name": "abcdef", "namespace": "abcdef"},
        "spec": {
            "type": "openapi",
            "version": "1.4.2",
            "document": {"inline": "{}"},
            "objectives": [PROMISE.model_dump(by_alias=True)],
        },
    }
)
CONTRACT_FACTS = ContractFacts(
    platform=PLATFORM,
    version="1.4.2",
    providers=(SERVICE,),
    consumers=(Consumer(name="abcdef", namespace="abcdef"),),
)


def _promising(**changes: str) -> ServiceContract:
    objectives = (PROMISE.model_copy(update=changes),)
    return CONTRACT.model_copy(update={"spec": CONTRACT.spec.model_copy(update={"objectives": objectives})})


def _objective(service: Microservice, position: int, field: str, text: str) -> Microservice:
    objectives = [*(service.spec.objectives or ())]
    objectives[position] = objectives[position].model_copy(update={field: text})
    return _spec(service, objectives=tuple(objectives))


def _spec(service: Microservice, **changes: Any) -> Microservice:
    return service.model_copy(update={"spec": service.spec.model_copy(update=changes)})


def _path(service: Microservice, text: str) -> Microservice:
    metrics = service.spec.telemetry.metrics.model_copy(update={"path": text})
    return _spec(service, telemetry=service.spec.telemetry.model_copy(update={"metrics": metrics}))


def _host(service: Microservice, text: str) -> Microservice:
    assert service.spec.routing
    return _spec(service, routing=service.spec.routing.model_copy(update={"hosts": (text,)}))


def _promised(facts: Facts, **changes: str) -> Facts:
    return replace(facts, promised={"abcdef": (PROMISE.model_copy(update=changes),)})


OF_A_SERVICE: dict[str, Callable[[Microservice, str], Microservice]] = {
    "metadata.name": lambda service, text: service.model_copy(update={"name": text}),
    "metadata.namespace": lambda service, text: service.model_copy(update={"namespace": text}),
    "spec.team": lambda service, text: _spec(service, team=text),
    "spec.objectives.name": lambda service, text: _objective(service, 0, "name", text),
    "spec.objectives.route": lambda service, text: _objective(service, 0, "route", text),
    "spec.objectives.method": lambda service, text: _objective(service, 0, "method", text),
    "spec.objectives.good": lambda service, text: _objective(service, 1, "good", text),
    "spec.objectives.good.value": lambda service, text: _objective(service, 1, "good", f'a_total{{x="{text}"}}'),
    "spec.objectives.total.value": lambda service, text: _objective(service, 1, "total", f'a_total{{x="{text}"}}'),
    "spec.telemetry.metrics.path": _path,
    "spec.routing.hosts": _host,
}
OF_THE_WORLD: dict[str, Callable[[Facts, str], Facts]] = {
    "provider": lambda facts, text: replace(
        facts,
        providers={
            "abcdef/abcdef": Provider(name=text, namespace=text, object_name=text, ports={"http": (8011, "TCP")})
        },
    ),
    "consumer": lambda facts, text: replace(facts, consumers=(Consumer(name=text, namespace=text),)),
    "contract": lambda facts, text: replace(facts, promised={text: (PROMISE,)}),
    "contract.objectives.name": lambda facts, text: _promised(facts, name=text),
    "contract.objectives.operation": lambda facts, text: _promised(facts, operation=f"POST {text}"),
}
OF_A_CONTRACT: dict[str, Callable[[str], tuple[ServiceContract, ContractFacts]]] = {
    "contract.metadata.name": lambda text: (CONTRACT.model_copy(update={"name": text}), CONTRACT_FACTS),
    "contract.metadata.namespace": lambda text: (CONTRACT.model_copy(update={"namespace": text}), CONTRACT_FACTS),
    "contract.spec.objectives.name": lambda text: (_promising(name=text), CONTRACT_FACTS),
    "contract.spec.objectives.operation": lambda text: (_promising(operation=f"POST {text}"), CONTRACT_FACTS),
    "contract.status.version": lambda text: (CONTRACT, replace(CONTRACT_FACTS, version=text)),
    "contract.provider": lambda text: (
        CONTRACT,
        replace(CONTRACT_FACTS, providers=(SERVICE.model_copy(update={"name": text, "namespace": text}),)),
    ),
    "contract.provider.team": lambda text: (
        CONTRACT,
        replace(CONTRACT_FACTS, providers=(_spec(SERVICE, team=text),)),
    ),
    "contract.consumer": lambda text: (
        CONTRACT,
        replace(CONTRACT_FACTS, consumers=(Consumer(name=text, namespace=text),)),
    ),
}
FIELDS = (*OF_A_SERVICE, *OF_THE_WORLD, *OF_A_CONTRACT)
"""Every text that reaches a rule, a dashboard or a route."""


def broken(count: int, *, seed: int = 17) -> list[str]:
    """Of ``count`` texts, one in each field in turn, those after which something else than a text differs."""
    chance = random.Random(seed)
    harmless = {field: written(field, "abcdef") for field in (FIELDS[0], FIELDS[-1])}
    found = []
    for number in range(count):
        field, text = FIELDS[number % len(FIELDS)], hostile(chance)
        try:
            if written(field, text) != harmless[FIELDS[-1] if field in OF_A_CONTRACT else FIELDS[0]]:
                found.append(f"{field}: {text!r}")
        except InvalidInput:  # an indicator that the parser refuses: the policy says so, and nothing is built
            continue
    return found


def written(field: str, text: str) -> Any:
    """The structure of everything that is written with ``text`` in ``field``."""
    if field in OF_A_CONTRACT:
        return contract_structure(*OF_A_CONTRACT[field](text))
    service = OF_A_SERVICE[field](SERVICE, text) if field in OF_A_SERVICE else SERVICE
    facts = OF_THE_WORLD[field](FACTS, text) if field in OF_THE_WORLD else FACTS
    return structure(service, facts)


def structure(service: Microservice, facts: Facts) -> Any:
    """Everything that is written about a service, without the values of its texts; queries as trees."""
    return [*_rules(rules.file(service, facts)), *_dashboard(dashboard.file(service, facts)), *_routing(service, facts)]


def contract_structure(contract: ServiceContract, facts: ContractFacts) -> Any:
    """The same of a contract."""
    return [*_dashboard(contracts.file(contract, facts))]


def _rules(manifest: Manifest | None) -> Iterator[Any]:
    """Read as Prometheus reads it: a file in YAML."""
    assert manifest
    (text,) = manifest["data"].values()
    found = yaml.load(text, Loader=yaml.CSafeLoader)
    yield shape(found)
    for group in found["groups"]:
        for rule in group["rules"]:
            yield skeleton(promql.parse(rule["expr"]))
            texts = [*rule.get("labels", {}).values(), *rule.get("annotations", {}).values()] if "alert" in rule else []
            yield any(opens_a_template(text) for text in texts)


def _dashboard(manifest: Manifest | None) -> Iterator[Any]:
    assert manifest
    (text,) = manifest["data"].values()
    found = json.loads(text)
    yield shape(found)
    for _, target in linter.targets(found):
        yield skeleton(promql.parse(linter.filled_in(target["expr"])))


def _routing(service: Microservice, facts: Facts) -> Iterator[Any]:
    """The resource as it goes over the wire, and the plain file with its matchers."""
    resource = routing.resource(service, replace(facts, installed=frozenset({kinds.ALERTMANAGER_CONFIG.kind})))
    yield shape(yaml.load(as_yaml(resource), Loader=yaml.CSafeLoader))
    team = routing.team(service.spec.team, facts.platform)
    edge = HardDependency(consumer=(service.namespace, service.name), provider=("abc", "abc"))
    written = yaml.safe_dump(alertmanager_file([team] if team else [], [edge]))
    yield shape(yaml.load(written, Loader=yaml.CSafeLoader))


def shape(value: Any) -> Any:
    """Keys and kinds, without the values of texts; a key that is a file's name counts as one."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return "text" if isinstance(value, str) else value


def opens_a_template(text: str) -> bool:
    """Something in double braces that we did not write."""
    ours = ("$value }}", "$value |", "$labels.", '"{{" }}')
    return any(not part.lstrip().startswith(ours) for part in text.replace('{{ "{{" }}', "").split("{{")[1:])


_PIECES = (
    '"', "\\", '\\"', "'", "`", "{", "}", "{{", "}}", "{{ $value }}", '{{ query "up" }}', '"} or up{"', '"}) or vector(1) #',
    "\n", "\r", "\t", "\x00", "\x1b[31m", "\x7f", "\x85", "#", "$", "$1", "${x}", "$$", "|", ".*", "(", ")", "[5m]", "[", "]", "^",
    "or", " unless ", "=~", "\u2028", "\u202e", "\ufeff", "é", "𝔘", "</script>", "%s", "{% raw %}", "[[var]]", "a", "0", ": ", "- ",
    "!!python/object", "&a", "*a", "---", '","x":"', '"}]}',
)  # fmt: skip
"""Half of a surrogate pair is not among them: JSON from an API server cannot hold one."""


def hostile(chance: random.Random) -> str:
    """One to eight pieces."""
    return "".join(chance.choice(_PIECES) for _ in range(chance.randint(1, 8)))
