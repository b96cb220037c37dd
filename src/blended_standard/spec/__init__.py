"""Load, check and query the standard."""
