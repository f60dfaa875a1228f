"""The other side: a question a line on standard input, an answer a line on standard output."""

import resource
import sys

from concordat.gate import Assessment, Question
from concordat.gate.assessment import assess

MOST_MEMORY = 1024 * 1024 * 1024
"""Bytes of address space. Comparing two descriptions of 13 MB needs 220 MiB."""


def main() -> None:
    """Until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    sys.setrecursionlimit(10_000)
    for line in sys.stdin.buffer:
        try:
            answer = assess(Question.model_validate_json(line))
        except MemoryError:
            answer = Assessment(
                invalid="comparing takes more memory than there is: split the API into several contracts"
            )
        sys.stdout.buffer.write(answer.model_dump_json().encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
