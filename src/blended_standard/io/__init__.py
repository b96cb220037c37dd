"""Read and write submissions."""

from blended_standard.io.codec import RefusedRecordsError, read_records, structure, write_records
from blended_standard.io.limits import LIMITS, Limits
from blended_standard.io.migrate import migrate
from blended_standard.io.read import read_submission
from blended_standard.io.submission import Manifest, Submission
from blended_standard.io.tables import Columns, ParquetSource
from blended_standard.io.write import write_submission

__all__ = [
    "LIMITS",
    "Columns",
    "Limits",
    "Manifest",
    "ParquetSource",
    "RefusedRecordsError",
    "Submission",
    "migrate",
    "read_records",
    "read_submission",
    "structure",
    "write_records",
    "write_submission",
]
