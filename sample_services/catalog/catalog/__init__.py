"""
The catalog: products one can look up, and change without stepping on each other.

Imports point inward: ``entrypoints`` and ``adapters`` know ``service_layer``, that knows ``domain``, and ``domain`` knows
nobody. ``bootstrap`` alone puts them together.
"""

__version__ = "1.0.0"
