"""The kit tells a program that follows the standard from one that does not, and a crash of a program is a result."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from blended_standard.cli import main
from blended_standard.errors import SpecError, UnreadableInputError, UsageError
from blended_standard.io import read_submission
from blended_standard.spec import load_standard
from blended_standard.validate import validate
from blended_standard.validate.conformance import (
    CLASSES,
    Statement,
    Vector,
    check_statement,
    load_vectors,
    run_conformance,
)
from blended_standard.validate.conformance.page import statement_text
from blended_standard.validate.conformance.vectors import difference, digest
from examples.conformance.library import ANSWERS

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
EXAMPLES = ROOT / "examples" / "conformance"
READER, CALCULATOR, PRODUCER = ([str(NODE), str(EXAMPLES / f"{n}.mjs")] for n in ("schemas", "calculator", "producer"))
LIBRARY = [sys.executable, "-m", "examples.conformance.library"]
VECTORS = tuple(Vector(id=f"v{n}", kind="sum", pins="SUM", input={"n": n}, expected={"value": n}) for n in range(4))

PROGRAM = """
import json, os, sys, time
for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "stop":
        break
    if request["cmd"] == "start":
        print(json.dumps({"name": "<b>made up</b>", "implementation_version": "1", "claims": CLAIMS}), flush=True)
        continue
    n = request["input"]["n"]
    answer = {"seq": request["seq"], "output": {"value": n, "more": "is kept"}}
    if n == 2:
        BAD
    print(json.dumps(answer), flush=True)
"""


def program(directory: Path, bad: str, claims: object = ()) -> list[str]:
    file = directory / "program.py"
    file.write_text(PROGRAM.replace("BAD", bad).replace("CLAIMS", repr(claims)))
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


WRONG = ({"value": 5, "why": "the sum of all"}, {"value": 7, "why": "the number of all"})


def test_a_program_is_told_which_mistake_it_made(tmp_path: Path) -> None:
    vector = Vector(id="v2", kind="sum", pins="SUM", input={"n": 2}, expected={"value": 2}, wrong=WRONG)
    told = {
        "7": "value: expected 2, found 7; that is the number of all",
        "8": "value: expected 2, found 8",
        "2": "",
    }
    for value, detail in told.items():
        made = run_conformance(program(tmp_path, f"answer['output'] = {{'value': {value}}}"), vectors=[vector])
        assert made.cases[0].detail == detail


def test_a_vector_makes_its_rows_before_a_program_is_asked(tmp_path: Path) -> None:
    (tmp_path / "measures").mkdir()
    rows = [{"repeat": 3, "episode_id": "e#", "learner_id": "of e#", "entry_grade": 9}, {"episode_id": "e#"}]
    case = {"name": "four", "tables": {"episode": rows}, "expected": {"n": 4}}
    file = tmp_path / "measures" / "ENG-01.json"
    file.write_text(json.dumps({"measure": "ENG-01", "cases": [case]}))
    made = [{"episode_id": f"e{n}", "learner_id": f"of e{n}", "entry_grade": 9} for n in range(3)]
    assert load_vectors("calculator", tmp_path)[0].input["tables"] == {"episode": [*made, {"episode_id": "e#"}]}
    rows[0]["repeat"] = "3"
    file.write_text(json.dumps({"measure": "ENG-01", "cases": [case]}))
    with pytest.raises(SpecError, match=r"ENG-01\.json"):
        load_vectors("calculator", tmp_path)


def test_numbers_of_a_list_agree_as_others_do() -> None:
    assert difference({"bounds": [0.3, 0.6]}, {"bounds": [0.1 + 0.2, 0.6]}) is None
    assert difference({"bounds": [0.3, 0.6]}, {"bounds": [0.3, 0.7]}) == "bounds: 2: expected 0.6, found 0.7"
    assert difference({"bounds": [0.3, 0.6]}, {"bounds": [0.3]}) is not None


def test_a_program_that_crashes_each_time_is_not_asked_for_ever(tmp_path: Path) -> None:
    always = tuple(Vector(id=f"v{n}", kind="sum", pins="SUM", input={"n": 2}, expected={}) for n in range(8))
    statement = run_conformance(program(tmp_path, "os._exit(1)"), vectors=always)
    assert statement.counts["crash"] == 8
    assert "not asked" in statement.cases[-1].detail


@pytest.mark.parametrize("command", ["/nowhere/at/all", "", f"{sys.executable} -c pass"])
def test_a_program_that_does_not_start_is_misuse(command: str) -> None:
    with pytest.raises(UsageError):
        run_conformance(command, vectors=VECTORS, timeout=5)


SKIPPED = "answer = {'seq': request['seq'], 'skipped': 'not yet'}"


def test_what_is_claimed_may_not_be_skipped_and_what_is_not_is_not_asked(tmp_path: Path) -> None:
    statement = run_conformance(program(tmp_path, SKIPPED, ["SUM"]), vectors=VECTORS)
    assert [case.outcome for case in statement.cases] == ["pass", "pass", "fail", "pass"]
    assert statement.cases[2].detail == "claimed and skipped: not yet"
    other = Vector(id="w", kind="product", pins="PRODUCT", input={"n": 2}, expected={"value": 4})
    statement = run_conformance(program(tmp_path, "os._exit(3)", ["PRODUCT"]), vectors=[*VECTORS[:2], other])
    assert [case.outcome for case in statement.cases] == ["skip", "skip", "crash"]
    assert statement.claims == ("PRODUCT",)
    assert "as calculator of PRODUCT" in str(statement)


@pytest.mark.parametrize(
    ("claims", "says"), [(["ENG-99"], "'ENG-99'"), ("SUM", "list of texts"), ([7], "list of texts")]
)
def test_claims_that_mean_nothing_are_misuse(claims: object, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        run_conformance(program(tmp_path, "pass", claims), vectors=VECTORS)


@needs_node
def test_a_reader_in_another_language_conforms_by_the_schemas_alone(tmp_path: Path) -> None:
    out, page = tmp_path / "statement.json", tmp_path / "statement.html"
    asked = ["conformance", "run", "--command", " ".join(READER), "--class", "consumer"]
    asked += ["--out", str(out), "--page", str(page), "--signed-off-by", "A. Vendor <Inc.>"]
    assert main(asked) == 0
    stated = json.loads(out.read_text(encoding="utf-8"))
    assert stated["conforms"]
    assert stated["claims"] == ["record"]
    assert stated["counts"]["pass"] > 800
    assert stated["standard_version"] == load_standard().version
    assert stated["signed_off_by"] == "A. Vendor <Inc.>"
    assert "conforms as consumer of record" in page.read_text(encoding="utf-8")
    assert "Signed off by A. Vendor &lt;Inc.&gt; on 20" in page.read_text(encoding="utf-8")
    assert main(["conformance", "check", str(out)]) == 0


@needs_node
def test_a_calculator_in_another_language_conforms_by_the_vectors_alone() -> None:
    statement = run_conformance(CALCULATOR, "calculator")
    assert statement.conforms, str(statement)
    assert statement.claims == ("CMP-05", "ENG-01", "ENG-02")
    asked = [case for case in statement.cases if case.pins in statement.claims]
    assert len(asked) >= 80
    assert {case.outcome for case in asked} == {"pass"}


@needs_node
def test_a_producer_in_another_language_conforms() -> None:
    statement = run_conformance(PRODUCER, "producer-record")
    assert statement.conforms, str(statement)
    assert statement.counts["pass"] >= 35


@needs_node
@pytest.mark.parametrize(
    ("command", "conformance_class", "pins"),
    [
        (READER, "consumer", {"FLD-RANGE"}),
        (CALCULATOR, "calculator", {"ENG-01"}),
        (PRODUCER, "producer-record", {"CSV-WIDTH", "CSV-CUT", "FLD-TYPE"}),
    ],
)
def test_a_careless_program_is_found_out(command: list[str], conformance_class: str, pins: set[str]) -> None:
    statement = run_conformance([*command, "--careless"], conformance_class)
    assert not statement.conforms
    assert {case.pins for case in statement.cases if case.outcome == "fail"} == pins


@pytest.mark.parametrize(
    ("conformance_class", "pins"),
    [
        ("comparer", None),
        ("producer-record", None),
        ("producer-aggregate", ("CMP-05", "AGG-SUM")),
        ("calculator", ("EQ-03", "IMP-04", "OUT-06", "OUT-12", "BR-03")),
    ],
)
def test_the_library_passes_through_the_protocol(
    conformance_class: str, pins: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `pins` are named, the answers to all others are tested elsewhere; here that the protocol carries them."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    asked = [vector for vector in load_vectors(conformance_class) if pins is None or vector.pins in pins]
    statement = run_conformance(LIBRARY, conformance_class, vectors=asked)
    assert statement.conforms, str(statement)
    assert statement.counts["skip"] == 0


PRODUCES = """
import json, pathlib, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "stop":
        break
    if request["cmd"] == "start":
        print(json.dumps({"name": "p"}), flush=True)
        continue
    asked = request["input"]
    output = {}
    BAD
    print(json.dumps({"seq": request["seq"], "output": output}), flush=True)
"""
WRITES = """
    folder = pathlib.Path(asked["directory"])
    (folder / "manifest.json").write_text(json.dumps(asked.get("manifest", {})))
    for table, rows in asked.get("records", {}).items():
        (folder / f"{table}.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
"""


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("pass", "holds no file"),
        (WRITES + "    asked['records']['episode'].pop()", ""),
        ("asked['records']['learner'].pop()" + WRITES, "REF-DANGLING"),
        ("asked['records']['learner'].append({'learner_id': 'more'})" + WRITES, "learner: 0 records are not there"),
        ("asked['records']['site'][0]['name'] = 'South'" + WRITES, "site: 1 records are not there as given, 1 are"),
        ("asked['records']['contact'] = []" + WRITES, "FIL-EMPTY"),
        ("asked['records']['competency'] = [{'competency_id': 'c', 'name': 'x'}]" + WRITES, ""),
        ("asked['manifest'] = {'as_of': '2025-06-30'}" + WRITES, "manifest: title is not as it was given."),
        ("asked['manifest'] = 7" + WRITES, "MAN-INVALID"),
    ],
)
def test_what_a_producer_wrote_is_judged(bad: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PRODUCES.replace("    BAD", "    " + bad.lstrip()))
    case = run_conformance([sys.executable, str(file)], vectors=load_vectors("producer-record")[:1]).cases[0]
    assert case.outcome == ("fail" if says else "pass") or not says
    assert says in case.detail


def test_what_a_producer_of_aggregates_reports_is_judged(tmp_path: Path) -> None:
    vectors = {vector.id.split("/")[-1]: vector for vector in load_vectors("producer-aggregate")}
    asked = [vectors["ENG-01 by program"], vectors["ENG-01 over all"]]
    sound = next(v for v in load_vectors("consumer") if v.id.endswith("two programs add up to the whole")).input
    changes = {
        "[]": "object with the entry report",
        "{'report': R}": "entry whole is missing",
        "{'report': {**R, 'as_of': '2026-12-31'}, 'whole': W}": "",
        "{'report': R, 'whole': W}": "as_of: expected",
        "{'report': {**W, 'as_of': '2026-12-31'}, 'whole': W}": "by: expected",
        "{'report': {**R, 'as_of': '2026-12-31', 'results': R['results'][:1]}, 'whole': W}": "AGG-SUM",
    }
    for output, says in changes.items():
        file = tmp_path / "program.py"
        facts = f"R, W = json.loads({json.dumps(sound)!r})['report'], json.loads({json.dumps(sound)!r})['whole']"
        file.write_text(PRODUCES.replace("BAD", f"{facts}; output = {output}"))
        case = run_conformance([sys.executable, str(file)], vectors=asked[:1]).cases[0]
        assert case.outcome == ("fail" if says else "pass"), case
        assert says in case.detail


def test_a_statement_that_was_changed_is_found_out(tmp_path: Path) -> None:
    file = tmp_path / "statement.json"
    made = run_conformance(program(tmp_path, "pass"), "comparer", vectors=VECTORS)
    file.write_text(statement_text(made, "json"))
    assert check_statement(file) == ("It was made with other vectors.", "Nobody signed it off.")
    facts = json.loads(file.read_text())
    file.write_text(json.dumps(facts | {"implementation_version": "2", "conforms": False, "standard_sha256": "0"}))
    assert len(check_statement(file)) == 5
    for text in ("{", "[]", "{}", '{"statement_sha256": 1}'):
        file.write_text(text)
        with pytest.raises(UnreadableInputError, match="no statement"):
            check_statement(file)
    assert main(["conformance", "check", str(file)]) == 3


@pytest.mark.parametrize("kind", ["record", "file", "effect", "comparable", "aggregate"])
def test_the_library_gives_every_answer(kind: str) -> None:
    asked = [vector for name in CLASSES for vector in _vectors(name) if vector.kind == kind]
    problems = {vector.id: difference(vector.expected, ANSWERS[kind](dict(vector.input))) for vector in asked}
    assert {name: problem for name, problem in problems.items() if problem} == {}


def test_there_are_vectors_of_every_rule_across_records() -> None:
    pinned = {vector.pins for vector in load_vectors("consumer")}
    assert {rule.id for rule in load_standard().rules.values() if rule.scope == "record"} <= pinned
    assert len({vector.id for vector in load_vectors("consumer")}) == len(load_vectors("consumer")) >= 300


def test_faulty_aggregates_break_the_rule_that_they_pin() -> None:
    for vector in load_vectors("consumer"):
        if vector.kind == "aggregate":
            assert ANSWERS["aggregate"](dict(vector.input))["rules"] == (
                [] if vector.expected["valid"] else [vector.pins]
            )


def test_there_are_vectors_of_every_rule_of_aggregates() -> None:
    pinned = {vector.pins for vector in load_vectors("consumer") if vector.kind == "aggregate"}
    assert {rule.id for rule in load_standard().rules.values() if rule.scope == "aggregate"} <= pinned


def test_files_break_the_rule_that_they_pin(tmp_path: Path) -> None:
    for vector in load_vectors("consumer"):
        if vector.kind == "file":
            file = tmp_path / f"{vector.input['table']}.{vector.input['format']}"
            file.write_bytes(base64.b64decode(vector.input["base64"]))
            report = validate(read_submission(file), engine="polars", partial=True)
            assert vector.pins in {"valid", *(finding.code for finding in report.findings)}, vector.id
            file.unlink()


def test_every_rule_binds_a_class_of_the_kit() -> None:
    for rule in load_standard().rules.values():
        assert rule.classes
        assert set(rule.classes) <= set(CLASSES)


def test_misuse_and_malformed_vectors_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="producer-record, producer-aggregate, consumer, calculator, comparer"):
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


def test_the_schema_of_aggregates_takes_what_the_library_reports_and_the_sound_vectors() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "spec" / "aggregate.schema.json").read_text(encoding="utf-8"))
    check = jsonschema.Draft202012Validator(schema)
    made = json.dumps(ANSWERS["report"]({"by": ["program"]}))
    assert list(check.iter_errors(json.loads(made)["report"])) == []
    for vector in load_vectors("consumer"):
        if vector.kind == "aggregate" and vector.expected["valid"]:
            assert list(check.iter_errors(vector.input["report"])) == []
        if vector.pins == "AGG-FORM" and not vector.expected["valid"]:
            assert list(check.iter_errors(vector.input["report"])) != []
