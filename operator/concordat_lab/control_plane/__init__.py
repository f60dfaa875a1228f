"""A control plane of ordinary processes: certificates, flags, start and end."""
