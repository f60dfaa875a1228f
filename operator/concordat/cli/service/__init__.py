"""Commands about services: ``render``, ``lint``, ``explain``, ``plan``, ``status``, ``graph``, ``init``."""
