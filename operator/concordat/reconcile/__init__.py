"""
Gather facts, ask for a plan, apply it, report what was seen.

    microservice      the four verbs for one Microservice
    contract          the four verbs for one ServiceContract; contract_children builds what follows from it
    engine, watches   caches that are kept, a queue that is worked off
    child_memory      what is remembered of the children of one resource
    document_store    documents of contracts: where people put them, and where accepted ones are kept
    configuration     environment variables; settings is what the engine is given
    admission         answers to the API server before anything is stored
    status            the only writer of conditions

Knows the cluster only through :mod:`concordat.cluster`, and nothing of Kopf.
"""
