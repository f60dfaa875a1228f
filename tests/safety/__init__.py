"""Whatever a stranger writes: bounded in what it costs, and harmless where it is shown."""
