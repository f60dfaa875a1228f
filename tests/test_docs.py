"""
Documentation that cannot lie: what the code offers is found in the pages, and generated pages are up to date.
"""

from pathlib import Path

import pytest

from concordat.manifest import conventions
from tests.generated import GENERATED

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("file", GENERATED)
def test_generated_files_are_up_to_date(file: str) -> None:
    """``make generated`` would change nothing."""
    assert GENERATED[file]() == (ROOT / file).read_text()


@pytest.mark.parametrize("reason", sorted({v for k, v in vars(conventions).items() if k.startswith("REASON_")}))
def test_every_reason_is_explained(reason: str) -> None:
    """People who meet a reason find what it means and what to do."""
    assert f"`{reason}`" in (ROOT / "docs" / "conditions.md").read_text()


@pytest.mark.parametrize("name", sorted(v for k, v in vars(conventions).items() if k.startswith("ANNOTATION_")))
def test_every_annotation_is_documented(name: str) -> None:
    """What may be set, or is found on an object, is in the pages."""
    pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))

    assert name in pages
