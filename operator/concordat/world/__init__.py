"""What is known of the cluster: resources, who uses whom, who holds which name. Caches that are fed from outside; no I/O here."""
