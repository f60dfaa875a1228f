"""
The chart, rendered by a real helm: what it refuses, what it gives, what a real API server says to it.
"""
