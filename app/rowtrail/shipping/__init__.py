"""Copying the history to a history database."""
