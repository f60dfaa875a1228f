"""This machine: folders, free ports, locks, child processes, progress."""
