"""``concordat dashboard``: Grafana dashboards before there is a Grafana."""
