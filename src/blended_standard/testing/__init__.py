"""Generators for users' own tests."""
