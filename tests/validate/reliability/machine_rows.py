"""Rows 103 to 117: the machine. What takes a process of its own is kept few and short."""

from __future__ import annotations

import asyncio
import copy
import errno
import importlib.util
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import blended_standard as bs
from blended_standard import errors
from blended_standard._files import write_whole
from blended_standard.cli import main
from blended_standard.engine import base
from blended_standard.io import RefusedRecordsError, read_submission, write_submission
from blended_standard.io.read import RefusedFileError
from blended_standard.measures.score import example
from blended_standard.model import RECORDS
from blended_standard.spec.vectors import record_vectors
from blended_standard.validate import validate
from tests.validate.reliability import Box, row, sites
from tests.validate.test_bad_input import write

ROOT = Path(__file__).parents[3]


def sound(box: Box) -> Path:
    folder = box.path / "sound"
    folder.mkdir()
    return write(folder, {})


def environment(**changes: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **changes}


def fails(box: Box, error: BaseException) -> None:
    def stop(*_: object, **__: object) -> None:
        raise error

    box.monkeypatch.setattr(os, "fsync", stop)


@row(103)
def disk_full(box: Box) -> None:
    source, target = sound(box), box.path / "report.txt"
    target.write_text("before")
    there = set(box.path.rglob("*"))
    fails(box, OSError(errno.ENOSPC, "No space left on device"))
    assert main(["validate", str(source), "--out", str(target)]) == 4
    assert "No space left on device" in box.capsys.readouterr().err
    with pytest.raises(OSError, match="No space"):
        write_submission(read_submission(source), box.path / "copy", format="csv")
    assert target.read_text() == "before"
    assert set(box.path.rglob("*")) == there


@row(104)
def memory_exhausted(box: Box) -> None:
    def stop(*_: object, **options: object) -> None:
        options["progress"]("episode")  # type: ignore[operator]
        raise MemoryError

    source = sound(box)
    box.monkeypatch.setattr(bs, "validate", stop)
    assert main(["validate", str(source)]) == 4
    assert "exhausted at episode" in box.capsys.readouterr().err


STUCK = """
import os, sys, time
from blended_standard.cli import main
def stuck(_):
    print("ready", flush=True)
    time.sleep(30)
os.fsync = stuck
sys.exit(main(["validate", sys.argv[1], "--out", sys.argv[2], "--engine", "polars"]))
"""


@row(105, 106)
def interrupted(box: Box) -> None:
    """Stopped at the worst moment: all is written to the file beside the target, and the target is not replaced yet."""
    source, target = sound(box), box.path / "out" / "report.txt"
    target.parent.mkdir()
    target.write_text("before")
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        command = [sys.executable, "-c", STUCK, str(source), str(target)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        ) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            program.send_signal(number)
            said = program.communicate(timeout=10)[1]  # 2 seconds are asked; a machine under load takes longer
        assert program.returncode == code
        assert "Traceback" not in said
        assert [path.name for path in target.parent.iterdir()] == ["report.txt"]
        assert target.read_text() == "before"


WRITER = """
import sys
from pathlib import Path
from blended_standard._files import write_whole
print("ready", flush=True)
for n in range(10**9):
    write_whole(Path(sys.argv[1]), str(n % 10) * 200_000)
"""


@row(107)
def killed(box: Box) -> None:
    """Ten kills at moments that a seed chose; what stands there is one whole output each time."""
    target, moments = box.path / "out.txt", random.Random(1)
    target.write_text("0" * 200_000)
    for _ in range(10):
        command = [sys.executable, "-c", WRITER, str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as program:
            assert program.stdout is not None
            program.stdout.readline()
            time.sleep(moments.random() / 50)
            program.kill()
        content = target.read_text()
        assert len(content) == 200_000
        assert len(set(content)) == 1


@row(108)
def two_writers(box: Box) -> None:
    submission = read_submission(sound(box))

    def write_out(name: str) -> str:
        try:
            return write_submission(submission, box.path / name).name
        except (OSError, errors.UsageError) as error:
            return type(error).__name__

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(write_out, ["out"] * 8))
    assert ended.count("out") >= 1
    assert validate(read_submission(box.path / "out"), engine="polars").ok
    assert not [path for path in box.path.iterdir() if path.name.startswith(".")]


@row(109)
def nowhere_to_write(box: Box) -> None:
    source = sound(box)
    (box.path / "file").write_text("x")
    box.monkeypatch.setattr(bs, "read_submission", lambda *_, **__: pytest.fail("it began to work"))
    assert main(["validate", str(source), "--out", str(box.path / "file" / "report.txt")]) == 4
    box.monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert main(["validate", str(source), "--out", str(box.path / "report.txt")]) == 4
    assert "cannot be written" in box.capsys.readouterr().err


@row(110)
def input_that_changes(box: Box) -> None:
    read, source = Path.read_bytes, sound(box)

    def read_while_it_grows(path: Path) -> bytes:
        content = read(path)
        if path.name == "site.csv":
            path.write_bytes(content + b"t,p,South\n")
        return content

    box.monkeypatch.setattr(Path, "read_bytes", read_while_it_grows)
    found = read_submission(source).found.findings()
    assert [(finding.code, finding.table) for finding in found] == [("FIL-CHANGED", "site")]


def told(source: Path, **changes: str) -> bytes:
    command = [
        sys.executable,
        "-m",
        "blended_standard",
        "validate",
        str(source),
        "--format",
        "json",
        "--engine",
        "polars",
    ]
    return subprocess.run(command, capture_output=True, env=environment(**changes), check=False).stdout


@row(111, 117)
def the_same_bytes_anywhere(box: Box) -> None:
    folder = box.path / "faulty"
    folder.mkdir()
    source = write(
        folder, {"site.csv": sites("Ilıca", "İzmir") + "t,q\n", "learner.csv": "learner_id,gender\nl1,x\nl2,y\n"}
    )
    plain = told(source)
    assert b"CSV-WIDTH" in plain
    assert told(source, LC_ALL="C", HOME="/nonexistent", POLARS_MAX_THREADS="1", PYTHONHASHSEED="1") == plain
    assert told(source, LC_ALL="tr_TR.UTF-8", TZ="Asia/Kathmandu", PYTHONHASHSEED="2") == plain
    moments = iter([2e9, 1e9, 5e8])
    box.monkeypatch.setattr(time, "time", lambda: next(moments, 1.0))
    assert validate(read_submission(source), engine="polars") == validate(read_submission(source), engine="polars")


@row(112)
def broken_pipe(box: Box) -> None:
    command = [sys.executable, "-m", "blended_standard", "explain", "FLD-TYPE"]
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=environment(), check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def judged(source: str) -> str:
    return str(validate(read_submission(source), engine="polars").to_dict())


@row(113)
def many_at_once(box: Box) -> None:
    folder = box.path / "faulty"
    folder.mkdir()
    source = str(write(folder, {"site.csv": sites() + "t,q,South\n"}))
    expected = judged(source)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(judged, [source] * 16)) == {expected}
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:
        assert set(processes.map(judged, [source] * 2)) == {expected}

    async def gathered() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(judged, source) for _ in range(4)))

    assert set(asyncio.run(gathered())) == {expected}


@row(114)
def copies(box: Box) -> None:
    standard = bs.load_standard()
    vectors = {name: record_vectors(record, standard)["cases"][1]["record"] for name, record in RECORDS.items()}
    things: list[object] = (
        [bs.io.structure(values, name) for name, values in vectors.items()] if hasattr(bs, "io") else []
    )
    scored = bs.score(example(), ["ENG-01", "OUT-03"], as_of="2026-01-31", engine="polars")
    things += [scored, *scored.results, validate(example(), engine="polars"), bs.comparable(*scored.results)]
    for thing in things:
        for made in (pickle.loads(pickle.dumps(thing)), copy.copy(thing), copy.deepcopy(thing)):
            assert made == thing
    raised = [
        kind("text")
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind is not errors.MissingExtraError
    ]
    raised += [
        errors.MissingExtraError("duckdb", needs="x"),
        RefusedFileError("LIM-FILE", "x"),
        RefusedRecordsError((), 3),
    ]
    for error in raised:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))


@row(115)
def engine_missing(box: Box) -> None:
    source, find = sound(box), importlib.util.find_spec
    box.monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "duckdb" else find(name, *rest)
    )
    assert main(["validate", str(source), "--engine", "duckdb"]) == 2
    said = box.capsys.readouterr().err
    assert 'pip install "blended-standard[duckdb]"' in said
    assert len(said.splitlines()) == 1


@row(116)
def engine_of_a_later_version(box: Box) -> None:
    box.monkeypatch.setattr(base, "_TESTED", {"duckdb": 0, "polars": 0})
    base._warn_if_untested.cache_clear()
    with pytest.warns(UserWarning, match="polars .* is newer than what"):
        base.open_engine("polars").close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        base.open_engine("polars").close()  # once is enough
    base._warn_if_untested.cache_clear()


@row(107)
def a_write_that_fails_leaves_the_old(box: Box) -> None:
    target = box.path / "out.txt"
    write_whole(target, "old")
    fails(box, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert list(box.path.iterdir()) == [target]
