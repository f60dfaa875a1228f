"""``concordat up``, ``down``, ``demo``: a local Kubernetes and what is shown on it."""
