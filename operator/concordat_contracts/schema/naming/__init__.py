"""Names for the difference between two schemas."""
