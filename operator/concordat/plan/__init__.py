"""What should exist for a service or a contract, what a change of it means, and where each field comes from. Pure."""
