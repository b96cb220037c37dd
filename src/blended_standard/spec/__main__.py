"""`python -m blended_standard.spec build` writes what is generated from the sources; `check` fails when it is stale."""

from __future__ import annotations

import sys

from blended_standard.errors import SpecError
from blended_standard.spec.generate import generated
from blended_standard.spec.standard import spec_directory


def main(arguments: list[str]) -> int:
    """Build or check; return the exit code."""
    if arguments not in (["build"], ["check"]):
        print("Usage: python -m blended_standard.spec build | check", file=sys.stderr)
        return 2
    try:
        files = generated(spec_directory())
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    stale = [path for path, content in files.items() if not path.exists() or path.read_text("utf-8") != content]
    folders = {path.parent for path in files} - {spec_directory()}
    orphans = [path for folder in folders if folder.exists() for path in folder.iterdir() if path not in files]
    if arguments == ["check"]:
        for path in stale:
            print(f"{path} is stale. Run: python -m blended_standard.spec build", file=sys.stderr)
        for path in orphans:
            print(f"{path} is generated from nothing. Remove it.", file=sys.stderr)
        return 1 if stale or orphans else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
