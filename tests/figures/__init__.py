"""
Figures: what the documentation claims, measured anew by ``make figures``.

A figure is a function that returns one or more mappings with ``figure``, ``value``, ``unit``, ``goal``, ``holds`` and
whatever raw values explain it. ``GROUPS`` in ``__main__`` lists the modules of each group.
"""
