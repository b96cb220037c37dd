"""Read and write submissions."""

from blended_standard.io.read import read_submission
from blended_standard.io.submission import Manifest, Submission
from blended_standard.io.tables import Columns, ParquetSource
from blended_standard.io.write import write_submission

__all__ = ["Columns", "Manifest", "ParquetSource", "Submission", "read_submission", "write_submission"]
