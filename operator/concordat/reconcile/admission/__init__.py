"""Answers the API server before a resource is stored."""
