"""Rules played through time without a Prometheus, and the proof that alerts fire in time."""
