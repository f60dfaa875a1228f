"""
What makes a service watched: its rules, its dashboard, the way of its alerts, each as a child of the Microservice; and
the dashboard of a ServiceContract.

    subjects    a Microservice or a ServiceContract as rules and dashboards understand one
    rules       PrometheusRule, or a ConfigMap any Prometheus loads
    boards      a dashboard as a GrafanaDashboard, or as a ConfigMap the sidecar of Grafana finds
    dashboard   of a service
    contract    of a contract
    routing     AlertmanagerConfig

Builders like those of :mod:`concordat.resources`: guard clauses and one literal. Rules and dashboards are made in
:mod:`concordat.observability.slo` and :mod:`concordat.observability.dashboards`, which know nothing of each other; here they meet.
"""
