"""
Gather facts, ask for a plan, apply it, report what was seen.

    reconcile   the four verbs for one Microservice; the only place that gives errors their meaning
    gather      facts from the caches
    parents     the Microservices that exist, and who has to do with whom; parent is one of them
    gatekeeper  the four verbs for one ServiceContract; contracts are those that exist
    configuration   environment variables
    admission, contract_admission, review
                what is said to a person before anything is stored
    engine      caches that are kept, a queue that is worked off

Knows the cluster only through :mod:`concordat.cluster`, and nothing of Kopf.
"""

from concordat.reconcile.engine import Engine, Settings
from concordat.world.keys import Key
from concordat.world.microservice_record import MICROSERVICE

__all__ = ["MICROSERVICE", "Engine", "Key", "Settings"]
