"""A JSON Schema as an object: dialect, keywords, references, values."""
