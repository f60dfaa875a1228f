"""Panels by subject; a dashboard is put together from them."""
