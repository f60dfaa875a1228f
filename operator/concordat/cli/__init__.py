"""
The command line: an edge. It reads files and clusters, calls the core, and draws what comes back; it decides nothing.

Also installed as ``kubectl concordat``. Everything a person sees goes to standard output, everything about how it goes
to standard error; ``-o json`` gives machines one object.
"""

from concordat.cli.main import main

__all__ = ["main"]
