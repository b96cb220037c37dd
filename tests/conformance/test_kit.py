"""The kit tells a program that follows the standard from one that does not, and a crash of a program is a result."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from blended_standard.cli import main
from blended_standard.errors import SpecError, UsageError
from blended_standard.spec import load_standard
from blended_standard.validate.conformance import CLASSES, Statement, Vector, kit, load_vectors, run_conformance
from blended_standard.validate.conformance.page import statement_text
from blended_standard.validate.conformance.vectors import difference, digest
from examples.conformance.library import ANSWERS

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
READER = [str(NODE), str(ROOT / "examples" / "conformance" / "schemas.mjs")]
VECTORS = tuple(Vector(id=f"v{n}", kind="sum", pins="SUM", input={"n": n}, expected={"value": n}) for n in range(4))

PROGRAM = """
import json, os, sys, time
for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "stop":
        break
    if request["cmd"] == "start":
        print(json.dumps({"name": "<b>made up</b>", "implementation_version": "1"}), flush=True)
        continue
    n = request["input"]["n"]
    answer = {"seq": request["seq"], "output": {"value": n, "more": "is kept"}}
    if n == 2:
        BAD
    print(json.dumps(answer), flush=True)
"""


def program(directory: Path, bad: str) -> list[str]:
    file = directory / "program.py"
    file.write_text(PROGRAM.replace("BAD", bad))
    return [sys.executable, str(file)]


@pytest.mark.parametrize(
    ("bad", "outcome", "detail"),
    [
        ("pass", "pass", ""),
        ("answer['output'] = {'value': 2.001}", "fail", "value: expected 2, found 2.001"),
        ("answer['output'] = {}", "fail", "value: expected 2, found None"),
        ("answer['output'] = {'value': float('nan')}", "fail", "found nan"),
        ("answer['output'] = {'value': True}", "fail", "found True"),
        ("answer = {'seq': request['seq'], 'skipped': 'not yet'}", "skip", "not yet"),
        ("answer = {'seq': request['seq'], 'error': 'cannot'}", "fail", "no output: cannot"),
        ("os._exit(3)", "crash", "ended with exit code 3"),
        ("print('Traceback')", "crash", "which is not JSON"),
        ("print('[]')", "crash", "not an object"),
        ("answer['seq'] = 99", "crash", "answered '99' to request 3"),
        ("time.sleep(30)", "crash", "gave no answer"),
    ],
)
def test_what_a_program_does_with_one_case_leaves_the_others_alone(
    bad: str, outcome: str, detail: str, tmp_path: Path
) -> None:
    statement = run_conformance(program(tmp_path, bad), "calculator", vectors=VECTORS, timeout=1.5)
    assert [case.outcome for case in statement.cases] == ["pass", "pass", outcome, "pass"]
    assert detail in statement.cases[2].detail
    assert statement.conforms == (outcome in ("pass", "skip"))
    assert Statement.from_dict(json.loads(json.dumps(statement.to_dict()))) == statement
    assert statement.vectors_sha256 == digest(VECTORS)
    assert "<b>" not in statement_text(statement, "html")


def test_a_program_that_crashes_each_time_is_not_asked_for_ever(tmp_path: Path) -> None:
    always = tuple(Vector(id=f"v{n}", kind="sum", pins="SUM", input={"n": 2}, expected={}) for n in range(8))
    statement = run_conformance(program(tmp_path, "os._exit(1)"), vectors=always)
    assert statement.counts["crash"] == 8
    assert "not asked" in statement.cases[-1].detail


@pytest.mark.parametrize("command", ["/nowhere/at/all", "", f"{sys.executable} -c pass"])
def test_a_program_that_does_not_start_is_misuse(command: str) -> None:
    with pytest.raises(UsageError):
        run_conformance(command, vectors=VECTORS, timeout=5)


@needs_node
def test_a_program_in_another_language_conforms_by_the_schemas_alone(tmp_path: Path) -> None:
    out, page = tmp_path / "statement.json", tmp_path / "statement.html"
    command = " ".join(READER)
    assert (
        main(
            ["conformance", "run", "--command", command, "--class", "consumer", "--out", str(out), "--page", str(page)]
        )
        == 0
    )
    stated = json.loads(out.read_text(encoding="utf-8"))
    assert stated["conforms"]
    assert stated["counts"]["pass"] > 800
    assert stated["standard_version"] == load_standard().version
    assert "conforms as consumer" in page.read_text(encoding="utf-8")


@needs_node
def test_a_careless_program_is_found_out() -> None:
    statement = run_conformance([*READER, "--careless"], "consumer")
    assert not statement.conforms
    assert {case.pins for case in statement.cases if case.outcome == "fail"} == {"FLD-RANGE"}


def test_the_library_passes_through_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    statement = run_conformance([sys.executable, "-m", "examples.conformance.library"], "comparer")
    assert statement.conforms, str(statement)


@pytest.mark.parametrize("kind", ["record", "effect"])
def test_the_library_gives_every_answer(kind: str) -> None:
    asked = [vector for name in CLASSES for vector in _vectors(name) if vector.kind == kind]
    problems = {vector.id: difference(vector.expected, ANSWERS[kind](dict(vector.input))) for vector in asked}
    assert {name: problem for name, problem in problems.items() if problem} == {}


def test_there_are_vectors_of_every_rule_across_records() -> None:
    pinned = {vector.pins for vector in load_vectors("consumer")}
    assert {rule.id for rule in load_standard().rules.values() if rule.scope == "record"} <= pinned
    assert len({vector.id for vector in load_vectors("consumer")}) == len(load_vectors("consumer")) >= 300


def test_a_suite_includes_the_kit_in_two_lines(tmp_path: Path) -> None:
    test = kit("/nowhere/at/all", "comparer")
    assert len(test.pytestmark[0].args[1]) == len(load_vectors("comparer"))  # type: ignore[attr-defined]
    with pytest.raises(UsageError):
        test(load_vectors("comparer")[0].id)


def test_misuse_and_malformed_vectors_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="consumer, calculator, comparer"):
        load_vectors("nothing")
    with pytest.raises(UsageError, match="no vector"):
        load_vectors("comparer", tmp_path)
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "x.json").write_text('{"cases": [{}]}')
    with pytest.raises(SpecError, match=r"x\.json"):
        load_vectors("comparer", tmp_path)


def _vectors(name: str) -> tuple[Vector, ...]:
    try:
        return load_vectors(name)
    except UsageError:
        return ()
