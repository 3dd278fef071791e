"""Seals, digests and proofs, and what `rowtrail verify` looks at."""
