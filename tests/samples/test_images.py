"""The samples' images, built from their Dockerfiles as `make demo` builds them."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat_lab.programs.images import build_image
from tests.samples.process import ROOT

FOLDER = ROOT / "sample_services"
pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]


def configuration(archive: Path) -> dict[str, Any]:
    """What the image says about how it runs."""
    with tarfile.open(archive) as tar:

        def content(name: str) -> Any:
            member = tar.extractfile(name)
            assert member is not None
            return json.load(member)

        config: dict[str, Any] = content(content("manifest.json")[0]["Config"])["config"]
    return config


@pytest.mark.parametrize("service", ["catalog", "postgres"])
def test_an_image_builds_and_runs_as_nobody_in_particular(service: str) -> None:
    """The name is the one its Microservice asks for; user 65532, no root to fall back to."""
    image = yaml.safe_load((FOLDER / service / "microservice.yaml").read_text())["spec"]["image"]
    archive = build_image(FOLDER, image, dockerfile=FOLDER / service / "Dockerfile")
    assert "65532:65532" == configuration(archive)["User"]


def test_the_database_ends_by_its_fast_shutdown() -> None:
    """On SIGTERM PostgreSQL would wait for its clients to leave."""
    archive = build_image(FOLDER, "localhost/catalog-db:1.0.0", dockerfile=FOLDER / "postgres/Dockerfile")
    assert "SIGINT" == configuration(archive)["StopSignal"]
