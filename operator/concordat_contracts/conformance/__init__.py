"""
Does a running service keep its contract? Asked with generated requests, by schemathesis.

    profile   how far a trial goes
    openapi   which operations are called and what is checked, of OpenAPI
    graphql   the same of GraphQL
    answer    whether an answer of GraphQL is what the schema says
    verdict   what was found, and as much of it as fits into a termination message
    run       the requests themselves; the only module that needs schemathesis

``python -m concordat_contracts.conformance`` is what the Job of a ServiceContract runs; ``concordat contract conform`` is the same for
people. Knows nothing of Kubernetes.
"""
