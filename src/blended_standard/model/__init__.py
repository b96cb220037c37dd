"""The canonical records, code lists and identifiers. Imports nothing of ours but errors."""
