"""
One file a kind: ``build(service, facts) -> Manifest | None``.

A builder is guard clauses and one literal that looks like the YAML it makes. Pure: no I/O, no clock, no randomness,
nothing shared between manifests. Builders do not know one another; what they share is in :mod:`metadata`.
"""
