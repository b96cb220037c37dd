"""Suppression, audit and pseudonyms."""
