"""Sphinx configuration. The reference pages are generated from spec/ and the docstrings at each build."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import reference  # noqa: E402

import blended_standard as bs  # noqa: E402

reference.write(HERE / "reference" / "generated", bs.load_standard())

project = "blended_standard"
author = "The blended_standard authors"
release = bs.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.autosummary"]
html_theme = "furo"
html_title = "blended_standard"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 240
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
# Numpy sections name types in prose; they are not references.
nitpicky = False
suppress_warnings = ["mystnb.unknown_mime_type", "ref.python"]  # the latter: the n of many results
