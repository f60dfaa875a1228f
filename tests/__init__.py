"""Tests, figures and generated files; ``python -m tests.figures`` and the like run from the root of the repository."""
