"""
The only package that talks to Kubernetes.

    access      where the API server is and who we are there
    client      a thin HTTP client: seven verbs, errors that mean something, one pause for all when told to slow down
    session     its connections
    echo        which object a line of a watch is about, without parsing it
    failures    what a refused request means
    ownership   the fingerprint of the fields we own
    children    slim records of what exists, one store a kind
    informer    one list and watch a kind that nothing ends
    discovery   which optional kinds the API server serves
    apply       the writes that bring one child to its planned state
    election    one leader, by a Lease
    trust       certificates of the webhook, and whom the API server believes to be it
    certificate makes one, as a program of its own

Nothing here decides what should exist, and nothing here knows Kopf.
"""
