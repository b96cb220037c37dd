"""`python -m blended_standard.spec build` writes what is generated from the sources; `check` fails when it is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from blended_standard.spec.standard import BUNDLE, build_standard, read_sources, spec_directory


def generated(directory: Path) -> dict[Path, str]:
    """Return the content of every generated file of the standard, by path."""
    sources = read_sources(directory)
    build_standard(sources)
    return {directory / BUNDLE: json.dumps(sources, indent=1, ensure_ascii=False) + "\n"}


def main(arguments: list[str]) -> int:
    """Build or check; return the exit code."""
    if arguments not in (["build"], ["check"]):
        print("Usage: python -m blended_standard.spec build | check", file=sys.stderr)
        return 2
    files = generated(spec_directory())
    stale = [path for path, content in files.items() if not path.exists() or path.read_text("utf-8") != content]
    if arguments == ["check"]:
        for path in stale:
            print(f"{path} is stale. Run: python -m blended_standard.spec build", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
