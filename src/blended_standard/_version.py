"""The package version; the standard has its own, in `spec/standard.yaml`."""

__version__ = "0.1.0"
