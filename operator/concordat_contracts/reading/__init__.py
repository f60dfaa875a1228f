"""From bytes to values, within bounds: JSON, YAML, references."""
