"""Rows 103 to 117: the machine. What takes a process of its own is kept few and short."""

from __future__ import annotations

import asyncio
import copy
import errno
import importlib.util
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pytest

import blended_standard as bs
from blended_standard import _files, adapters, errors
from blended_standard._files import write_whole
from blended_standard.cli import main
from blended_standard.engine import base
from blended_standard.engine.duckdb import DuckDBEngine
from blended_standard.errors import ExhaustedError
from blended_standard.io import RefusedRecordsError, read_submission, structure, write_submission
from blended_standard.io.read import RefusedFileError
from blended_standard.measures.score import example
from blended_standard.model import RECORDS
from blended_standard.results import Result
from blended_standard.spec.vectors import record_vectors
from blended_standard.validate import validate
from tests.validate.reliability import Box, parquet, row, sites
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
    """Whichever call meets the full disk, nothing is left of the new and all of the old, and what lacks is told."""
    source, target = sound(box), box.path / "report.txt"
    target.write_text("before")
    there = set(box.path.rglob("*"))
    calls = {name: getattr(owner, name) for owner, name in WRITES}
    for k in range(60):
        left = [k]
        for owner, name in WRITES:
            box.monkeypatch.setattr(owner, name, failing(calls[name], left))
        ended = main(["validate", str(source), "--out", str(target)])
        said = box.capsys.readouterr().err
        full = left[0] < 0
        with pytest.MonkeyPatch.context() as undone:
            for owner, name in WRITES:
                undone.setattr(owner, name, calls[name])
            assert ended == (4 if full else 0), said
            assert set(box.path.rglob("*")) == there
            assert (target.read_text() == "before") is full
            target.write_text("before")
        assert ("bytes are to be written" in said) is full
        assert (" are free" in said) is full
        if not full:
            break
    assert 2 <= k < 60
    copy = box.path / "copy"

    def ends_whole(write: Callable[[], object], there: set[Path]) -> None:
        for k in range(60):
            left = [k]
            for owner, name in WRITES:
                box.monkeypatch.setattr(owner, name, failing(calls[name], left))
            try:
                write()
            except OSError as error:
                assert (error.errno, "are free" in str(error)) == (errno.ENOSPC, True)  # noqa: PT017
                assert set(box.path.rglob("*")) == there
            else:
                break
        assert 5 <= k < 60

    ends_whole(lambda: write_submission(read_submission(source), copy, format="csv"), there)
    there |= {copy, *copy.rglob("*")}
    ends_whole(lambda: adapters.write("ceds", read_submission(source), box.path / "ceds"), there)
    box.monkeypatch.undo()
    assert validate(read_submission(copy), engine="polars").ok


WRITES: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (Path, "replace"),
    (Path, "rename"),
    (Path, "open"),
    (os, "fdopen"),
)


def failing(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    """Let so many calls that write pass, and meet a full disk at the next."""

    def stop(*given: Any, **named: Any) -> Any:
        mode = str(named.get("mode", given[1] if len(given) > 1 else "r"))
        if call.__name__ == "open" and "w" not in mode:
            return call(*given, **named)
        left[0] -= 1
        if left[0] == -1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*given, **named)

    return stop


@row(104)
def memory_exhausted(box: Box) -> None:
    """DuckDB under a limit spills and comes to the same findings; where it may not spill, the stage is named."""
    names = [f"learner number {n:040d}" for n in range(100_000)] * 2
    content = parquet(pa.table({"learner_id": names}))
    folder = box.path / "large"
    folder.mkdir()
    submission = read_submission(write(folder, {"learner.csv": None, "learner.parquet": content, "episode.csv": None}))
    plain = validate(submission, engine="duckdb", partial=True)
    assert plain.warnings == 200_000
    with DuckDBEngine(memory_limit="64MB", threads=1) as spilling:
        assert validate(submission, engine=spilling, partial=True) == plain
    with (
        DuckDBEngine(memory_limit="20MB", threads=1, spill=False) as bounded,
        pytest.raises(ExhaustedError, match=r"exhausted at learner \(duckdb: Out of Memory"),
    ):
        validate(submission, engine=bounded, partial=True)
    with DuckDBEngine(memory_limit="20MB", threads=1, spill=False) as bounded:
        box.monkeypatch.setattr("blended_standard.engine.base.open_engine", lambda _: bounded)
        assert main(["validate", str(folder), "--quiet"]) == 4
    assert "exhausted at learner" in box.capsys.readouterr().err


@row(104)
def memory_exhausted_in_python(box: Box) -> None:
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
            sent = time.monotonic()
            program.send_signal(number)
            said = program.communicate(timeout=30)[1]
            took = time.monotonic() - sent
        load = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # others on the machine take their share
        assert took < 2 * load
        assert program.returncode == code
        assert "Traceback" not in said
        assert [path.name for path in target.parent.iterdir()] == ["report.txt"]
        assert target.read_text() == "before"


ENDLESS = """
import sys
from blended_standard.cli import main
from blended_standard.engine import base
opened = base.open_engine

def endless(_=None):
    engine = opened(sys.argv[3])
    def collect(_):
        print("ready", flush=True)
        if engine.name == "duckdb":
            engine._connection.sql("select sum(a.range * b.range) from range(4000000) a, range(4000000) b").fetchall()
        import polars as pl
        many = pl.LazyFrame({"a": range(400_000)})
        many.join(many, how="cross").select((pl.col("a") * pl.col("a_right") % 7).sum()).collect()
    engine.collect = collect
    return engine

base.open_engine = endless
sys.exit(main(["validate", sys.argv[1], "--out", sys.argv[2]]))
"""


@row(105, 106)
def interrupted_in_a_query(box: Box) -> None:
    """A query of an engine is one step of Python, however long: the process ends beside it, and leaves nothing."""
    source, target, temporary = sound(box), box.path / "out" / "report.txt", box.path / "temporary"
    target.parent.mkdir()
    temporary.mkdir()
    target.write_text("before")
    asked = (("duckdb", signal.SIGTERM, 143), ("duckdb", signal.SIGINT, 130), ("polars", signal.SIGTERM, 143))
    for engine, number, code in asked:
        command = [sys.executable, "-c", ENDLESS, str(source), str(target), engine]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(TMPDIR=str(temporary)),
        ) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            assert list(temporary.iterdir())
            time.sleep(0.2)  # the query has begun
            sent = time.monotonic()
            program.send_signal(number)
            said = program.communicate(timeout=60)[1]
            took = time.monotonic() - sent
        load = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        assert took < 2 * load
        assert program.returncode == code
        what = "terminated" if code == 143 else "interrupted"
        assert said == f"blended-standard: {what}. Nothing was left half written.\n"
        assert list(temporary.iterdir()) == []
        assert [path.name for path in target.parent.iterdir()] == ["report.txt"]
        assert target.read_text() == "before"


KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from blended_standard._files import write_whole
from blended_standard.io import Submission, write_submission

folder, runs = Path(sys.argv[1]), int(sys.argv[2])
moments, target, copies = random.Random(1), folder / "out.txt", folder / "copies"
target.write_text("0" * 200_000)
made = [Submission.from_tables({"learner": {"learner_id": [f"l{n}"] * 2000}}) for n in range(2)]
whole = {write_submission(each, folder / f"whole{n}").joinpath("learner.jsonl").read_bytes() for n, each in enumerate(made)}
copies.mkdir()
kept = 0
for run in range(runs):
    begun, begins = os.pipe()
    child = os.fork()
    if child == 0:
        for n in range(10**9):
            if run % 2:
                write_whole(target, str(n % 10) * 200_000)
            else:
                write_submission(made[n % 2], copies / f"{run}-{n}")
            os.write(begins, b"x")
    os.read(begun, 1)
    time.sleep(moments.random() / 40)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(begun)
    os.close(begins)
    content = target.read_text()
    assert len(content) == 200_000 and len(set(content)) == 1, "half a file"
    for copy in copies.glob(f"{run}-*"):
        assert sorted(path.name for path in copy.iterdir()) == ["learner.jsonl", "manifest.json"], "half a directory"
        assert (copy / "learner.jsonl").read_bytes() in whole
        kept += 1
print(runs, kept)
"""


@row(107)
def killed(box: Box) -> None:
    """Kills at two hundred moments that a seed chose, each of a process of its own that does nothing but write."""
    command = [sys.executable, "-c", KILLER, str(box.path), "200"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert ended.returncode == 0, ended.stderr
    runs, kept = map(int, ended.stdout.split())
    assert (runs, kept >= 100) == (200, True)


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
    assert ended.count("out") == 1
    assert set(ended) <= {"out", "OSError", "UsageError", "FileNotFoundError"}
    assert validate(read_submission(box.path / "out"), engine="polars").ok
    assert not [path for path in box.path.iterdir() if path.name.startswith(".")]


@row(108)
def the_other_writer_was_first(box: Box) -> None:
    log, target, flush = box.path / "framework.json", box.path / "out", _files._flush

    def while_another_ends(working: Path) -> None:
        flush(working)
        target.mkdir()
        (target / "theirs").write_text("whole")

    log.write_text(json.dumps({"CFDocument": {"identifier": "d", "title": "T"}, "CFItems": []}))
    box.monkeypatch.setattr(_files, "_flush", while_another_ends)
    assert main(["import", "case", str(log), "--out", str(target), "--quiet"]) == 4
    assert [path.name for path in target.iterdir()] == ["theirs"]
    assert not [path for path in box.path.iterdir() if path.name.startswith(".")]


@row(109)
def nowhere_to_write(box: Box) -> None:
    source = sound(box)
    (box.path / "file").write_text("x")
    box.monkeypatch.setattr(bs, "read_submission", lambda *_, **__: pytest.fail("it began to work"))
    assert main(["validate", str(source), "--out", str(box.path / "file" / "report.txt")]) == 4
    assert main(["validate", str(source), "--out", str(box.path / "nowhere" / "report.txt")]) == 4
    assert "no such directory" in box.capsys.readouterr().err
    assert not (box.path / "nowhere").exists()
    box.monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert main(["validate", str(source), "--out", str(box.path / "report.txt")]) == 4
    assert "cannot be written" in box.capsys.readouterr().err


@row(110)
def input_that_changes(box: Box) -> None:
    read, source = Path.read_bytes, sound(box)
    for after in (b"site_id,program_id,name\ns,p,North\nt,p,South\n", b"site_id,program_id,name\n"):

        def read_while_it_changes(path: Path, after: bytes = after) -> bytes:
            content = read(path)
            if path.name == "site.csv":
                path.write_bytes(after)
            return content

        write(source, {})
        box.monkeypatch.setattr(Path, "read_bytes", read_while_it_changes)
        found = read_submission(source).found.findings()
        assert [(finding.code, finding.table, finding.severity) for finding in found] == [
            ("FIL-CHANGED", "site", "error")
        ]


@row(110)
def parquet_that_changes(box: Box) -> None:
    """A Parquet file is read when an engine needs it: what it is then must be what it was when it was found."""
    content = parquet(pa.table({"learner_id": [f"l{n}" for n in range(5000)]}))
    for number, after in enumerate((parquet(pa.table({"learner_id": ["l1", "l2", "l3"]})), content[:-100], None)):
        folder = box.path / f"changing{number}"
        folder.mkdir()
        submission = read_submission(write(folder, {"learner.csv": None, "learner.parquet": content}))
        if after is None:
            (folder / "learner.parquet").unlink()
        else:
            (folder / "learner.parquet").write_bytes(after)
        for engine in ("duckdb", "polars"):
            assert "FIL-CHANGED" in {finding.code for finding in validate(submission, engine=engine).findings}


BARE = """
import os, sys
allowed = {sys.executable}
def watch(event, given):
    if event in ("os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen", "os.exec"):
        raise RuntimeError(event)
    if event == "open" and str(given[0]).startswith("/dev/shm"):
        raise RuntimeError("shared memory")
sys.addaudithook(watch)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from blended_standard.cli import main
sys.exit(main(["validate", sys.argv[1], "--format", "json", "--engine", sys.argv[2]]))
"""


def told(source: Path, engine: str = "polars", *, bare: bool = False, **changes: str) -> bytes:
    command = [sys.executable, "-m", "blended_standard", "validate", str(source), "--format", "json"]
    command += ["--engine", engine]
    if bare:  # no process beside this one, no shared memory, one core
        command = [sys.executable, "-c", BARE, str(source), engine]
    ended = subprocess.run(command, capture_output=True, env=environment(**changes), check=False)
    assert ended.returncode == 1, ended.stderr
    return ended.stdout


@row(111, 117)
def the_same_bytes_anywhere(box: Box) -> None:
    """The plain environment has no home and no zone."""
    folder = box.path / "faulty"
    folder.mkdir()
    source = write(
        folder, {"site.csv": sites("Ilıca", "İzmir") + "t,q\n", "learner.csv": "learner_id,gender\nl1,x\nl2,İ\n"}
    )
    plain = told(source)
    assert b"CSV-WIDTH" in plain
    assert "İ".encode() in plain
    nowhere = {"LC_ALL": "C", "HOME": "/nonexistent", "POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "1"}
    assert told(source, bare=True, **nowhere) == plain
    assert told(source, "duckdb", bare=True, PYTHONIOENCODING="ascii") == plain
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


FORKED = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from tests.validate.reliability.machine_rows import judged
with ProcessPoolExecutor(4, multiprocessing.get_context("fork")) as processes:
    print(*processes.map(judged, [sys.argv[1]] * 4), sep="\\n")
"""


@row(113)
def many_at_once(box: Box) -> None:
    folder = box.path / "faulty"
    folder.mkdir()
    source = str(write(folder, {"site.csv": sites() + "t,q,South\n"}))
    expected = judged(source)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(judged, [source] * 16)) == {expected}
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        assert set(processes.map(judged, [source] * 4)) == {expected}
    forked = subprocess.run(
        [sys.executable, "-c", FORKED, source], capture_output=True, text=True, env=environment(), check=False
    )
    assert forked.returncode == 0, forked.stderr
    assert set(forked.stdout.splitlines()) == {expected}
    assert len(forked.stdout.splitlines()) == 4

    async def gathered() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(judged, source) for _ in range(4)))

    assert set(asyncio.run(gathered())) == {expected}


@row(114)
def copies(box: Box) -> None:
    standard = bs.load_standard()
    vectors = {name: record_vectors(record, standard)["cases"][1]["record"] for name, record in RECORDS.items()}
    things: list[object] = [structure(values, name) for name, values in vectors.items()]
    scored = bs.score(example(), ["ENG-01", "OUT-03"], as_of="2026-01-31", engine="polars")
    things += [scored, *scored.results, validate(example(), engine="polars"), bs.comparable(*scored.results)]
    kinds = {kind for kind in descendants(Result) if attrs.has(kind)}
    assert len(kinds) > 50
    things += map(filled, kinds)
    for thing in things:
        for made in (pickle.loads(pickle.dumps(thing)), copy.copy(thing), copy.deepcopy(thing)):
            assert made == thing
            assert type(made) is type(thing)
    raised: list[BaseException] = [
        errors.MissingExtraError("duckdb", needs="x"),
        RefusedFileError("LIM-FILE", "x"),
        RefusedRecordsError((), 3),
    ]
    own = {type(error) for error in raised}
    raised += [kind("text") for kind in descendants(errors.BlendedStandardError) - own]
    assert len(raised) > 9
    for error in raised:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))
        assert str(copy.copy(error)) == str(copy.deepcopy(error)) == str(error)


def descendants(kind: type) -> set[Any]:
    """All classes of the library below one."""
    below = {sub for sub in kind.__subclasses__() if sub.__module__.startswith("blended_standard")}
    return below | {deeper for sub in below for deeper in descendants(sub)}


def filled(kind: Any) -> Any:
    """An instance of a result whose fields hold anything: copying does not look at what they hold."""
    made = kind.__new__(kind)
    for number, field in enumerate(attrs.fields(kind)):
        object.__setattr__(made, field.name, np.arange(number) if field.eq_key else (number, field.name))
    return made


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
