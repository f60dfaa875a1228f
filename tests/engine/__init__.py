"""The reconcile engine: its pure parts by themselves, the rest against a real API server, counted by its audit log."""
