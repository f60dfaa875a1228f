"""Values inside resources that have a syntax of their own: durations, quantities, versions, PromQL."""
