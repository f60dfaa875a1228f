"""What comparisons report: the catalogue of rules, places, whom a finding concerns, and reports."""
