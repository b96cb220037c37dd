"""`python -m blended_standard` is `blended-standard`."""

import sys

from blended_standard.cli import main

sys.exit(main())
