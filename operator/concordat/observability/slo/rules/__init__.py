"""From objectives to Prometheus rules: indicators, recording rules and alerts."""
