"""
From objectives to rules: indicators, recording rules, alerts, their proofs, and where alerts are sent.

Pure: values in, dictionaries out. Nothing here reads a file, a clock or a cluster, and nothing here knows of dashboards.
Of the resources people write, only :mod:`~concordat.observability.slo.rules.declaration` knows.
"""
