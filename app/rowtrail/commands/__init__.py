"""The commands of `rowtrail`, a module each, and what they share; cli.py puts them together."""
