"""``concordat slo``: objectives as rules, simulated, reported and routed."""
