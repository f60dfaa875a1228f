"""What consumers use of an API, and whether a change concerns them."""
