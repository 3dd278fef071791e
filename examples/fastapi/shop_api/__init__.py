"""A small shop, as an API."""
