"""The exceptions of the library: one root, and one class for each kind of person who can act.

Bad data is never an exception in validation: it is a `Finding`. These are for misuse of the API, for input that
cannot be read at all, and for a statistic that does not exist for the data given.
"""

from __future__ import annotations

from collections.abc import Iterable


class BlendedStandardError(Exception):
    """Root of every exception that this library raises on purpose."""


class UsageError(BlendedStandardError, ValueError):
    """An argument is outside what the function accepts; the message names it and what is accepted."""


class ModelError(BlendedStandardError, ValueError):
    """A record would break a constraint of the canonical model."""


class SpecError(BlendedStandardError):
    """A file of the standard is malformed, or a profile widens what it inherits."""


class UnreadableInputError(BlendedStandardError):
    """The input cannot be read at all, so that nothing in it was judged."""


class MissingExtraError(BlendedStandardError, ImportError):
    """A feature needs a package that is not installed; the message is the one command that installs it."""

    def __init__(self, extra: str, *, needs: str) -> None:
        self.extra = extra
        self.needs = needs
        super().__init__(f'{needs} is not installed. Run: pip install "blended-standard[{extra}]"')

    def __reduce__(self) -> tuple[object, ...]:
        return (_missing_extra, (self.extra, self.needs))


class ExhaustedError(BlendedStandardError, MemoryError):
    """The memory, or the room to spill to, is used up; the message names the stage that was reached."""


class NotEstimableError(BlendedStandardError, ArithmeticError):
    """The statistic does not exist for these data; the message says why."""


class NotComparableError(BlendedStandardError):
    """Two results do not measure the same thing; the message lists the reasons and the ways out."""


def expect(name: str, value: object, kinds: type | tuple[type, ...], how: str) -> None:
    """Refuse an argument that is of none of the kinds; `how` says how to come by one."""
    if not isinstance(value, kinds):
        raise UsageError(f"{name} is of the type {type(value).__name__}. Pass {how}.")


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return " Did you mean X?" with the nearest of the names that are known, or nothing."""
    import difflib

    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(str(name).casefold(), folded, n=1)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


def _missing_extra(extra: str, needs: str) -> MissingExtraError:
    return MissingExtraError(extra, needs=needs)
