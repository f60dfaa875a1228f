"""
Grafana dashboards as data: values in, Grafana's JSON model (classic, schema version 39) out.

Pure, and unaware of rules and objectives: what a dashboard shows is handed to it in :mod:`concordat.observability.dashboards.subject`.
No panel is drawn here, no Grafana is asked. Queries are text and must say so: :mod:`concordat.api.values.promql` quotes whatever a
person wrote.
"""
