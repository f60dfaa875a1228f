"""
Concordat: declare a service and the contracts it keeps; everything around it is built, guarded and watched.

A handler **gathers** facts, asks for a **plan**, **applies** it, and **reports** what it saw.

    handlers, cli      edges: Kopf decorators and commands; no decisions
    reconcile, lab     gather -> plan -> apply -> report; a local Kubernetes that knows nothing of our resources
    cluster, status    the only package that talks to Kubernetes; the only writer of conditions
    plan               the ordered list of builders: the table of contents of the product
    resources, slo, dashboards, contracts, adapters      pure, mutually unaware
    policies           what must hold before anything is built
    facts              what we must know of the world to decide
    api                what people write
    conventions, errors, manifest, workqueue      names, meaning of errors, a child as a value, a queue

Imports point downwards only; the import-linter contract in ``pyproject.toml`` says so and is exhaustive.
"""

__version__ = "0.1.0"
