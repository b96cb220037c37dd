"""A vendor's suite includes the kit with two lines, and a repository checks its submission before each commit."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from blended_standard.cli import main
from tests.validate.test_bad_input import write

pytest_plugins = ("pytester",)
ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "start":
        print(json.dumps({"name": "p", "claims": ["comparable", "cox_index"]}), flush=True)
    elif request["cmd"] == "stop":
        break
    else:
        first, second = request["input"].get("first"), request["input"].get("second")
        output = {"comparable": first == second, "differs": []} if first else {"value": 0.0}
        print(json.dumps({"seq": request["seq"], "output": output}), flush=True)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A vendor's suite of one test, with the plugin as its entry point loads it."""
    program = pytester.makepyfile(program=PROGRAM)
    pytester.makepyfile(test_own="def test_own(): pass")
    pytester.makepyprojecttoml(
        f"""
        [tool.pytest.ini_options]
        blended_standard = ["comparer: {sys.executable} {program}"]
        """
    )
    return pytester


def plugin() -> list[str]:
    """What loads the module that the package names as its plugin: nothing where the package is installed."""
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    name: str = facts["project"]["entry-points"]["pytest11"]["blended_standard"]
    installed = any(entry.value == name for entry in entry_points(group="pytest11"))
    return [] if installed else ["-p", name]


def test_every_vector_is_a_test(suite: pytest.Pytester) -> None:
    found = suite.runpytest_subprocess(*plugin(), "-rs")
    outcomes = found.parseoutcomes()
    assert outcomes["passed"] >= 7  # the own one, what is comparable, and the Cox index of equal shares
    assert outcomes["failed"] >= 15
    assert outcomes["skipped"] >= 10
    found.stdout.fnmatch_lines(["*fail: comparable: expected *", "*not claimed*"])


def test_vectors_are_chosen_by_name_and_asked_only_then(suite: pytest.Pytester) -> None:
    found = suite.runpytest_subprocess(*plugin(), "-k", "comparability and same")
    found.assert_outcomes(passed=2, deselected=found.parseoutcomes()["deselected"])


@pytest.mark.parametrize(("entry", "says"), [("nothing: x", "producer-record"), ("comparer", "a colon and a command")])
def test_an_entry_that_means_nothing_is_named(entry: str, says: str, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\nblended_standard = ["{entry}"]')
    found = pytester.runpytest_subprocess(*plugin())
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    assert says in found.stderr.str()


def test_without_an_entry_the_plugin_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\ndef test_own(): assert 'blended_standard.validate' not in sys.modules and 'numpy' not in sys.modules"
    )
    pytester.runpytest_subprocess(*plugin()).assert_outcomes(passed=1)


def hook() -> list[str]:
    """The command of the hook, as pre-commit puts it together."""
    from ruamel.yaml import YAML

    (only,) = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert only["language"] == "python"
    assert only["pass_filenames"] is False
    assert set(only) <= {
        "id",
        "name",
        "description",
        "entry",
        "language",
        "pass_filenames",
        "additional_dependencies",
        "args",
    }
    return [*shlex.split(only["entry"]), *only["args"]]


@pytest.mark.parametrize(("changes", "code"), [({}, 0), ({"learner.csv": "learner_id\nl1\n"}, 1)])
def test_the_hook_stops_a_commit_of_an_unsound_submission(
    changes: dict[str, str | bytes | None], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, *arguments = hook()
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts[program] == f"{main.__module__.rpartition('.')[0]}:{main.__name__}"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "submission").mkdir()
    write(tmp_path / "submission", changes)
    assert main(arguments) == code


def test_the_hook_installs_what_it_needs() -> None:
    from ruamel.yaml import YAML

    (only,) = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(only["additional_dependencies"]) == set(extras["duckdb"])


def test_the_how_to_says_what_is_there() -> None:
    text = (ROOT / "docs" / "how-to" / "claim-conformance.md").read_text(encoding="utf-8")
    assert re.search(r"- id: blended-standard-validate\n", text)
    assert json.loads(re.search(r"^blended_standard = (\[.*\])$", text, re.M).group(1))[0].startswith("calculator: ")  # type: ignore[union-attr]
