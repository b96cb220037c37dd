"""Engines: the same tables and the same definitions on DuckDB, Polars and others."""

from blended_standard.engine.base import Bound, Engine, SchemaProblem, Suspects, open_engine, using

__all__ = ["Bound", "Engine", "SchemaProblem", "Suspects", "open_engine", "using"]
