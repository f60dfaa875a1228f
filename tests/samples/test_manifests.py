"""The samples' own Microservices: the operator takes them as they are."""

from typing import Any

import pytest
import yaml

from concordat.api import Microservice, parse
from concordat.cli.offline import World
from concordat_servicekit import Settings
from tests.samples.process import ROOT

FOLDER = ROOT / "sample_services"
FILES = sorted(FOLDER.glob("*/microservice.yaml"))


@pytest.fixture(scope="module")
def world() -> World:
    """All samples, in one namespace."""
    return World([yaml.safe_load(file.read_text()) for file in FILES], namespace="shop")


def children(world: World, name: str) -> dict[str, Any]:
    service = named(world, name)
    return {child.manifest["kind"]: child.manifest for child in world.planned(service).children}


def named(world: World, name: str) -> Microservice:
    return next(service for service in world.services if service.name == name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_a_sample_is_valid(file: Any) -> None:
    """No field unknown, none wrong."""
    assert parse(yaml.safe_load(file.read_text())).spec.team == "shop"


def test_every_sample_becomes_something_without_an_objection(world: World) -> None:
    """Secrets are the service's own, providers are there, ports exist."""
    assert len(FILES) == len(world.services)
    for service in world.services:
        plan = world.planned(service)
        assert (True, ()) == (plan.complete, tuple(plan.violations)), service.name


def test_the_database_lets_in_its_catalog_and_nobody_else(world: World) -> None:
    """One declared edge: PostgreSQL's port, from the catalog's pods."""
    [ingress] = children(world, "catalog-db")["NetworkPolicy"]["spec"]["ingress"]
    [peer] = ingress["from"]
    assert {"concordat.dev/service": "catalog"} == peer["podSelector"]["matchLabels"]
    assert [5432] == [port["port"] for port in ingress["ports"]]


def test_the_catalogs_metrics_are_out_of_its_consumers_reach(world: World) -> None:
    """Scraped on a port of their own, from the namespace of the monitoring alone."""
    policy = children(world, "catalog")["NetworkPolicy"]["spec"]["ingress"]
    scraping = [rule for rule in policy if {"port": 9090, "protocol": "TCP"} in rule["ports"]]
    assert 1 == len(scraping)
    assert "podSelector" not in scraping[0]["from"][0]


def test_the_pods_have_the_time_their_end_takes(world: World) -> None:
    """Drain and grace of the library fit into what Kubernetes grants after its own pause."""
    pod = children(world, "catalog")["Deployment"]["spec"]["template"]["spec"]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    settings = Settings()
    assert pause + settings.drain_seconds + settings.grace_seconds < pod["terminationGracePeriodSeconds"]
