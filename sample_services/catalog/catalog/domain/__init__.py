"""What a product is and what may happen to it. No I/O, no framework."""
