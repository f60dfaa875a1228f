"""How the engine is set up."""

from dataclasses import dataclass, field

from concordat.facts import Platform


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the engine is set up."""

    platform: Platform = field(default_factory=Platform)
    namespaces: tuple[str, ...] = ()
    """Look after these only, with Roles instead of ClusterRoles; empty for all."""
    workers: int = 8
    """
    Microservices of one namespace reconciled at the same time, and as many contracts; each writes its children concurrently. Twice
    as many of all namespaces together, so that one of them cannot hold all.
    """

    @property
    def at_once(self) -> int:
        """Resources of both kinds and all namespaces together: then a worker is never what is missing."""
        return 4 * self.workers
