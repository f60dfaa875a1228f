"""
Three clean days of the past, as the rules would have recorded them: a service that began a minute ago has no budget yet,
and the first error would be a day's worth.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from concordat.observability.records import BAD, TOTAL
from tests.live.compressed import FACTOR
from tests.live.load import PER_SECOND
from tests.slo.promtool import promtool

MODEL_SECONDS = 3 * 86_400


def write(groups: list[dict[str, Any]], folder: Path, *, step: float) -> None:
    """Blocks in ``folder/data`` that end now; ``step`` is the seconds of the clock between two records."""
    text = folder / "history.txt"
    with text.open("w") as file:
        file.writelines(_lines(groups, time.time(), step))
    subprocess.run(
        [
            *(promtool(), "tsdb", "create-blocks-from", "openmetrics", "--quiet"),
            "--max-block-duration=744h",  # promtool reads the whole text once for every block
            *(text, folder / "data"),
        ],
        check=True,
        capture_output=True,
    )
    text.unlink()


def _lines(groups: list[dict[str, Any]], now: float, step: float) -> Iterator[str]:
    every = [rule for group in groups for rule in group["rules"]]
    for name, value in ((TOTAL, PER_SECOND), (BAD, 0)):
        yield f"# TYPE {name} gauge\n"
        for rule in every:
            if rule.get("record") != name:
                continue
            labels = ",".join(f'{label}="{text}"' for label, text in rule["labels"].items())
            steps = int(MODEL_SECONDS / FACTOR / step)
            yield from (f"{name}{{{labels}}} {value} {now - (steps - i) * step:.3f}\n" for i in range(steps))
    yield "# EOF\n"
