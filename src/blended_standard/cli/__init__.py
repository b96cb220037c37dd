"""The command line, a thin shell over the public API."""

from blended_standard.cli.main import main

__all__ = ["main"]
