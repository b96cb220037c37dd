"""Comparison by the field's rules of evidence; the numeric functions take plain arrays and numbers."""
