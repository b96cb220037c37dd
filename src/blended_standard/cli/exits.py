"""How a command ends: the exit code of everything that can stop it, and one line that says what it was.

0 fine; 1 findings at error level, or not comparable; 2 wrong use; 3 the input could not be read and nothing was judged;
4 the machine failed (disk, memory, rights); 130 and 143 interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from blended_standard._files import refuse_link, remove_temporary
from blended_standard.errors import (
    BlendedStandardError,
    ExhaustedError,
    NotComparableError,
    UnreadableInputError,
    UsageError,
)

EXIT_CODES = (
    "exit codes: 0 fine; 1 findings at error level, or not comparable; 2 wrong use; 3 the input could not be read and\n"
    "nothing was judged; 4 the machine failed (disk, memory, rights); 130 and 143 interrupted"
)


_STOPPED = {
    signal.SIGINT: "blended-standard: interrupted. Nothing was left half written.",
    signal.SIGTERM: "blended-standard: terminated. Nothing was left half written.",
}
_PATIENCE = 1.0


class _TerminatedError(BaseException):
    """The process was asked to end; a BaseException, so that nothing on the way takes it for a failure of its own."""


def ended(run: Callable[[], int], *, stage: Callable[[], str] = lambda: "", debug: bool = False) -> int:
    """Run a command and return its exit code.

    `stage` says at what it was when the memory ran out; with `debug`, what was not foreseen goes on as it is.
    """
    try:
        with _terminable():
            code = run()
            sys.stdout.flush()
            return code
    except NotComparableError as error:
        return _say(str(error), 1)
    except UnreadableInputError as error:
        return _say(f"blended-standard: {error}", 3)
    except ExhaustedError as error:
        return _say(f"blended-standard: {error}", 4)
    except BlendedStandardError as error:
        return _say(f"blended-standard: {error}", 2)
    except BrokenPipeError:
        # Whoever read has read enough; the rest goes nowhere, also what Python flushes when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        at = f" at {stage()}" if stage() else ""
        return _say(f"blended-standard: the memory is exhausted{at}. Read fewer tables at once.", 4)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"blended-standard: {place}{error.strerror or error}. Nothing was left half written.", 4)
    except KeyboardInterrupt:
        return _say(_STOPPED[signal.SIGINT], 128 + signal.SIGINT)
    except _TerminatedError:
        return _say(_STOPPED[signal.SIGTERM], 128 + signal.SIGTERM)
    except Exception as error:
        if debug:
            raise
        said = (
            f"blended-standard: {type(error).__name__}, a fault of the program. Run it again with --debug to see where."
        )
        return _say(said, 4)


def check_output(path: Path, inputs: Iterable[Path] = ()) -> None:
    """See that a file can be written, before the work that it is to hold.

    Raises
    ------
    UsageError
        It is a symbolic link, or one of the inputs.
    OSError
        Its directory is not there, or cannot be written.
    """
    refuse_link(path)
    if path.resolve() in {entry.resolve() for entry in inputs}:
        raise UsageError(f"{path} is what is read. Write to another file.")
    there = path.absolute().parent
    if not there.exists():
        raise FileNotFoundError(errno.ENOENT, "no such directory", str(there))
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a directory", str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "cannot be written", str(there))


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let a request to end unwind like an error, so that what was begun is removed.

    Python acts on a signal between two of its own steps, and a query of an engine is one step of any length. A thread
    that the system wakes (`signal.set_wakeup_fd`) therefore ends the process where unwinding does not begin.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def stop(number: int, _: object) -> None:
        asked.append(number)
        raise _TerminatedError if number == signal.SIGTERM else KeyboardInterrupt

    woken, waking = socket.socketpair()
    waking.setblocking(False)
    left = threading.Event()
    threading.Thread(target=_end_by_force, args=(woken, left), daemon=True).start()
    heard = [number for number in _STOPPED if signal.getsignal(number) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, stop) for number in heard}
    usual = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
    try:
        yield
    except Exception as error:
        if asked:  # an engine gave the request to end as an error of its own
            raise (_TerminatedError if asked[0] == signal.SIGTERM else KeyboardInterrupt) from error
        raise
    finally:
        left.set()
        signal.set_wakeup_fd(usual)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        waking.close()


def _end_by_force(woken: socket.socket, left: threading.Event) -> None:
    """Wait for a request to end; where the work is not left soon after it, remove what is not whole and end."""
    with woken:
        number = next((byte for byte in iter(lambda: woken.recv(1), b"") if byte[0] in _STOPPED), b"")
        if not number or left.wait(_PATIENCE):
            return
    remove_temporary()
    if "multiprocessing" in sys.modules:
        import multiprocessing

        for child in multiprocessing.active_children():
            child.kill()
    print(_STOPPED[signal.Signals(number[0])], file=sys.stderr, flush=True)
    os._exit(128 + number[0])
