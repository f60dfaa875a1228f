"""``concordat contract``: compare, check, publish and look up contracts."""
