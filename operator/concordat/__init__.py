"""
Concordat: declare a service and the contracts it keeps; everything around it is built, guarded and watched.

A handler **gathers** facts, asks for a **plan**, **applies** it, and **reports** what it saw.

    handlers, cli           edges: Kopf decorators and commands; no decisions
    reconcile, lab          gather -> plan -> apply -> report; a local Kubernetes that knows nothing of our resources
    cluster, status         the only package that talks to Kubernetes; the only writer of conditions
    explain, consequences   where a field comes from; what a change does, in words
    plan, graph             the ordered list of builders, the table of contents; drawings of who consumes whom
    resources, slo, dashboards, contracts      pure, mutually unaware
    conformance             generated requests to a running service
    policies                what must hold before anything is built
    facts                   what we must know of the world to decide
    api                     what people write
    records                 names of recorded series, for rules and dashboards alike
    conventions, difference, errors, manifest, promql, workqueue
                            names; what differs; what errors mean; a child as a value; queries as values; a queue

Imports point downwards only; the import-linter contract in ``pyproject.toml`` says so and is exhaustive.
"""

__version__ = "0.1.0"
