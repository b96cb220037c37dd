"""How a command ends: the exit code of everything that can stop it, and one line that says what it was.

0 fine; 1 findings at error level, or not comparable; 2 wrong use; 3 the input could not be read and nothing was judged;
4 the machine failed (disk, memory, rights); 130 and 143 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

from blended_standard.errors import BlendedStandardError, NotComparableError, UnreadableInputError

EXIT_CODES = (
    "exit codes: 0 fine; 1 findings at error level, or not comparable; 2 wrong use; 3 the input could not be read and\n"
    "nothing was judged; 4 the machine failed (disk, memory, rights); 130 and 143 interrupted"
)


class _TerminatedError(BaseException):
    """The process was asked to end; a BaseException, so that nothing on the way takes it for a failure of its own."""


def ended(run: Callable[[], int], *, debug: bool = False) -> int:
    """Run a command and return its exit code; with `debug`, what was not foreseen goes on as it is."""
    try:
        with _terminable():
            code = run()
            sys.stdout.flush()
            return code
    except NotComparableError as error:
        return _say(str(error), 1)
    except UnreadableInputError as error:
        return _say(f"blended-standard: {error}", 3)
    except BlendedStandardError as error:
        return _say(f"blended-standard: {error}", 2)
    except BrokenPipeError:
        # Whoever read has read enough; the rest goes nowhere, also what Python flushes when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _say("blended-standard: the memory is exhausted. Read fewer tables, or give the engine a limit.", 4)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"blended-standard: {place}{error.strerror or error}. Nothing was left half written.", 4)
    except KeyboardInterrupt:
        return _say("blended-standard: interrupted. Nothing was left half written.", 130)
    except _TerminatedError:
        return _say("blended-standard: terminated. Nothing was left half written.", 143)
    except Exception as error:
        if debug:
            raise
        said = (
            f"blended-standard: {type(error).__name__}, a fault of the program. Run it again with --debug to see where."
        )
        return _say(said, 4)


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let a request to end unwind like an error, so that what was begun is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _TerminatedError

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
