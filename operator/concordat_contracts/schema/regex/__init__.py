"""Regular expressions and formats as sets of strings."""
