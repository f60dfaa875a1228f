"""
Semantic versions (https://semver.org, 2.0.0), and the ranges consumers write: ``>=1.2 <2``.
"""

import re
from functools import total_ordering
from typing import NamedTuple

NUMBER = "(0|[1-9][0-9]{0,5})"
_SUFFIX = r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*"
SEMVER = rf"{NUMBER}\.{NUMBER}\.{NUMBER}(-{_SUFFIX})?(\+{_SUFFIX})?"
_BOUND = rf"(>=|<=|>|<|=|\^|~)?{NUMBER}(\.{NUMBER}(\.{NUMBER}(-{_SUFFIX})?)?)?"
RANGE = rf"{_BOUND}( {_BOUND})*"

_EVERY_BOUND = re.compile(rf"(?P<how>>=|<=|>|<|=|\^|~)?(?P<core>{NUMBER}(\.{NUMBER}){{0,2}})(-(?P<pre>{_SUFFIX}))?")


class Core(NamedTuple):
    """The numbers of a version."""

    major: int
    minor: int = 0
    patch: int = 0


def is_version(text: str) -> bool:
    """
    Whether :class:`Version` takes it.

    >>> is_version("1.4.0-rc.1"), is_version("1.2.3.4"), is_version("[]")
    (True, False, False)
    """
    return re.fullmatch(SEMVER, text) is not None


@total_ordering
class Version:
    """Ordered by precedence (SemVer 11): build metadata does not count, a pre-release comes before its release."""

    __slots__ = ("_rank", "core", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        core, _, pre = text.partition("+")[0].partition("-")
        self.core = Core(*map(int, core.split(".")))
        self._rank = (self.core, not pre, tuple(map(_identifier, pre.split("."))) if pre else ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._rank == other._rank

    def __lt__(self, other: "Version") -> bool:
        return self._rank < other._rank

    def __hash__(self) -> int:
        return hash(self._rank)

    def __str__(self) -> str:
        return self.text

    @property
    def line(self) -> tuple[int, int]:
        """Within one line nothing may break (SemVer 4, 8): a major version, or a minor one of 0."""
        return (self.core.major, 0) if self.core.major else (0, self.core.minor)

    @property
    def next_line(self) -> "Version":
        """The lowest version that may break this one: ``2.0.0`` for ``1.4.2``, ``0.4.0`` for ``0.3.1``."""
        major, minor, _ = self.core
        return Version(f"{major + 1}.0.0" if major else f"0.{minor + 1}.0")


def allows(wanted: str, version: str) -> bool:
    """Whether ``version`` is within the range ``wanted``: every bound of it holds."""
    return all(_holds(bound, Version(version)) for bound in _EVERY_BOUND.finditer(wanted))


def _holds(bound: re.Match[str], found: Version) -> bool:
    numbers = bound["core"].split(".")
    least = Version(".".join([*numbers, "0", "0"][:3]) + (f"-{bound['pre']}" if bound["pre"] else ""))
    match bound["how"]:
        case ">=":
            return found >= least
        case ">":
            return found.core[: len(numbers)] > least.core[: len(numbers)] if len(numbers) < 3 else found > least
        case "<":
            # A pre-release of 2.0.0 already breaks what 2.0.0 breaks.
            return found < least if bound["pre"] else found.core < least.core
        case "<=":
            return found.core[: len(numbers)] <= least.core[: len(numbers)] if len(numbers) < 3 else found <= least
        case "^":
            return found >= least and found.line == least.line
        case "~":
            return found >= least and found.core[: min(len(numbers), 2)] == least.core[: min(len(numbers), 2)]
    return found == least if len(numbers) == 3 else found.core[: len(numbers)] == least.core[: len(numbers)]


def _identifier(text: str) -> tuple[bool, int, str]:
    return (False, int(text), "") if text.isdigit() else (True, 0, text)
