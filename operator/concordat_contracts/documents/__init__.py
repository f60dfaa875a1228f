"""API documents: their format, operations, normal form, and whether all of one can be read."""
