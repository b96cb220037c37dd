"""Neighbouring standards in and out, at the edge of the library."""
