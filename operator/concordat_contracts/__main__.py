"""
``python -m concordat_contracts diff OLD NEW``: what of NEW breaks those who rely on OLD.

The same verdict as ``concordat contract diff``, for projects without Kubernetes. Ends with 0 when compatible, 1 when
breaking, 2 when a document cannot be compared, 3 when something could not be decided.
"""

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from concordat_contracts import Direction, InvalidDocument, Outcome, Policy, compare, parse_text
from concordat_contracts.findings.reports import as_junit, as_markdown, summary, witness_text
from concordat_contracts.verdict import Verdict

EXIT_CODES = {Outcome.COMPATIBLE: 0, Outcome.BREAKING: 1, Outcome.UNKNOWN: 3}
EXIT_UNUSABLE = 2

EXAMPLES = """\
examples:
  python -m concordat_contracts diff v1.yaml v2.yaml                  for people
  python -m concordat_contracts diff v1.yaml v2.yaml -o markdown      for a pull request
  git show main:api.yaml | python -m concordat_contracts diff - api.yaml
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    asked = _parser().parse_args(arguments)
    policy = Policy(today=datetime.datetime.now(tz=datetime.UTC).date())
    try:
        old, new = (parse_text(_text(name)) for name in (asked.old, asked.new))
        verdict = compare(old, new, policy=policy, direction=Direction(asked.direction))
    except (InvalidDocument, OSError, UnicodeDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_UNUSABLE
    print(_shown(verdict, asked.output, asked.old, asked.new))
    return EXIT_CODES[verdict.outcome]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m concordat_contracts",
        description="Compare API documents: what breaks, for whom, with an example.",
    )
    diff = parser.add_subparsers(required=True, metavar="diff").add_parser(
        "diff",
        help="compare two versions of a document",
        description="Compare two versions of an OpenAPI, AsyncAPI, GraphQL or JSON Schema document. The format is detected.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    diff.add_argument("old", help="the version consumers rely on; - reads standard input")
    diff.add_argument("new", help="the version that would replace it")
    diff.add_argument("-o", "--output", choices=["text", "json", "markdown", "junit"], default="text")
    diff.add_argument(
        "--direction",
        choices=[each.value for each in Direction],
        default=Direction.REQUEST.value,
        help="for plain JSON Schemas: whether instances are sent to the service, come from it, or both",
    )
    return parser


def _text(name: str) -> str:
    return sys.stdin.read() if name == "-" else Path(name).read_text()


def _shown(verdict: Verdict, output: str, old: str, new: str) -> str:
    match output:
        case "json":
            return json.dumps(verdict.as_json(), indent=2, default=str)
        case "markdown":
            return as_markdown(verdict, old, new).rstrip()
        case "junit":
            return as_junit(verdict, old, new).rstrip()
    return "\n".join([*_lines(verdict), summary(verdict)])


def _lines(verdict: Verdict) -> list[str]:
    lines = []
    for each in verdict.findings:
        lines.append(f"{each.severity.value:8}{each.location} {each.message} [{each.id}]")
        if example := witness_text(each):
            lines.append(f"        for example {example}")
    # A document has no say over a terminal: one finding is one line, without control characters.
    return ["".join(char if char.isprintable() else "\ufffd" for char in line) for line in lines]


if __name__ == "__main__":
    sys.exit(main())
