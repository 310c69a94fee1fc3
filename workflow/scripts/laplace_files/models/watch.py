"""What a model does besides computing: the files that it reads are noted, the rest is refused.

A log likelihood is a function of the parameters and of what the run knows: the model's files and
its data. A file that the model reads is one of its files, and counts as such. One that it writes,
another program and the network are none of that; the run could not tell when they change.

Python tells of all this by its audit events. They are looked at only while the code of a model is
at work (`Watch.watching`), as it is loaded and as it is called. **This is no fence**: compiled code
that opens files by itself is not seen, and a model that wants to do harm can. It keeps an honest
model honest.

Libraries do as they need: while one is imported nothing is looked at, and one that is at work may
start a compiler, and keep what it compiled in its cache or in the folder of temporary files. What
this project's own adapters ask for is allowed, and the files that they read count.
"""

import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import sha256_of
from laplace_files.models.places import (
    Caller,
    is_cache,
    is_compiled,
    is_near,
    is_of_the_model,
    is_temporary,
    packages,
)

_OPENS = ("open", "ctypes.dlopen", "sqlite3.connect")
_SIGNALS = ("os.kill", "os.killpg")
_PROGRAMS = (
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("os.forkpty", "pty.spawn"),
)
_NETWORK = (
    *("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
    *("socket.sendto", "socket.bind", "urllib.Request"),
)
_CHANGES = (
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"),
    *("os.chmod", "shutil.rmtree", "shutil.move"),
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Refused(InputError):
    """What a model may not do, with its line."""


class Watch:
    """What one model file is seen to do, in this process.

    `own` are its files as Python knows their code, `known` the absolute paths of those that are
    hashed anyway. `read` are the absolute paths of other files that it opened, or looked for and
    did not find. `close` makes one that is not known by then an error.
    """

    def __init__(self):
        self.own: set[str] = set()
        self.known: set[str] = set()
        self.read: set[str] = set()
        self.record: str | None = None
        self.refusal: Refused | None = None

    def add(self, files: Iterable) -> None:
        """Let files of code be the model's: they are hashed with it."""
        self.own.update(map(str, files))
        self.known.update(os.path.abspath(file) for file in map(str, files))

    def close(self, record: str, files: Iterable[str]) -> None:
        """Let the model read no other files from now on than those that `record` rests on."""
        self.known.update(map(os.path.abspath, files))
        self.record = os.path.relpath(record)
        unknown = [path for path in sorted(self.read - self.known) if os.path.exists(path)]
        if unknown:
            raise Refused(f"{min(self.own)}: the model reads {self._late(unknown[0])}")

    def side_files(self) -> dict[str, str | None]:
        """Return the other files, and the hash of each; None for one that is not there."""
        return {
            Path(os.path.relpath(path)).as_posix(): hash_if_there(path)
            for path in sorted(self.read - self.known)
        }

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at what is done within the block; raises InputError for what may not be."""
        before = _at_work(self)
        try:
            yield
        finally:
            _at_work(before)
            self._check()

    def watched(self, function: Callable | None) -> Callable | None:
        """Return the function, looked at whenever it is called."""
        if function is None:
            return None

        @functools.wraps(function)
        def call(*arguments, **named):
            before = _at_work(self)
            try:
                return function(*arguments, **named)
            finally:
                _at_work(before)
                if self.refusal is not None:
                    self._check()

        return call

    def _check(self) -> None:
        """Raise what was refused, also where the model went on as if nothing had been."""
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal

    def event(self, event: str, arguments: tuple, frame) -> None:
        """Note what is done, or refuse it."""
        caller = Caller(frame, self.own)
        if caller.imports or caller.showing or not (caller.line or caller.adapter):
            return
        if event in _OPENS and not (caller.adapter and event == "ctypes.dlopen"):
            self._opened(arguments, caller)
        elif caller.adapter:
            return
        elif event in _CHANGES:
            self._written(arguments[0], "changes", caller)
        elif event in _NETWORK:
            if not isinstance(arguments[-1], str | bytes) or event != "socket.connect":
                self._refuse(
                    caller,
                    "asks the network, which it may not",
                    "Fetch what it needs beforehand, as data",
                )
        elif event in _SIGNALS:
            if arguments[0] != os.getpid():
                self._refuse(
                    caller,
                    "signals another process, which it may not",
                    "Leave other processes alone",
                )
        elif not caller.library and not caller.asking:
            self._refuse(
                caller,
                f"starts another program or process ({event}), which it may not",
                "Let it compute in its own process, and run other programs beforehand",
            )

    def _opened(self, arguments: tuple, caller: Caller) -> None:
        path = arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor that was opened before
        path = os.fsdecode(path)
        flags = arguments[2] if len(arguments) > 2 else 0
        if flags & _WRITES:
            self._written(path, "writes", caller)
            return
        path, exists = os.path.abspath(path), os.path.exists(path)
        if path in self.known or os.path.isdir(path):
            return
        if not is_of_the_model(path, self._folders()):
            return
        if len(arguments) < 2 and not exists:  # a library of the system, by its name
            return
        self.read.add(path)
        if self.record is not None and exists:
            self._refuse(
                caller,
                f"reads {self._late(path)}",
                "Then a change of it is noticed",
            )

    def _late(self, path: str) -> str:
        return (
            f"{os.path.relpath(path)}, which {self.record} does not rest on, since it was not read "
            "when the model was loaded and evaluated at its start. Open it at the top of the file"
        )

    def _written(self, path, what: str, caller: Caller) -> None:
        if caller.adapter or not isinstance(path, str | bytes | os.PathLike):
            return
        path = os.path.abspath(os.fsdecode(path))
        if path == os.devnull or is_compiled(path) or is_cache(path):
            return
        kept = is_temporary(path) and not is_near(path, self._folders())
        if caller.library and (kept or path.startswith(packages())):
            return
        self._refuse(
            caller,
            f"{what} the file {os.path.relpath(path)}, which it may not",
            "A model computes and reads; write files elsewhere",
        )

    def _folders(self) -> set[str]:
        return {os.getcwd(), *(os.path.dirname(os.path.abspath(own)) for own in self.own)}

    def _refuse(self, caller: Caller, what: str, fix: str) -> None:
        self.refusal = Refused(f"{caller.line or 'an adapter'}: the model {what}. {fix}.")
        raise self.refusal


_LOOKED_AT = frozenset((*_OPENS, *_SIGNALS, *_PROGRAMS, *_NETWORK, *_CHANGES))
_WATCHES: dict[str, Watch] = {}
_state: dict = {"watch": None, "hooked": False}


def hash_if_there(path) -> str | None:
    """Return the SHA-256 of a file, or None for what is no file or cannot be read."""
    try:
        return sha256_of(path) if os.path.isfile(path) else None
    except OSError:
        return None


def new_watch(path) -> Watch:
    """Return the watch of a model file that is about to be loaded."""
    watch = _WATCHES[os.path.abspath(path)] = Watch()
    return watch


def watch_of(path) -> Watch:
    """Return what was seen of the model file at `path`, as it was loaded last in this process."""
    return _WATCHES.get(os.path.abspath(path)) or Watch()


def _at_work(watch: Watch | None) -> Watch | None:
    """Look at what the code of a model does from now on, of none if None; return that before."""
    if not _state["hooked"]:
        _state["hooked"] = True
        sys.addaudithook(_hook)  # it cannot be taken out again
    before, _state["watch"] = _state["watch"], watch
    return before


def _hook(event: str, arguments: tuple) -> None:
    watch = _state["watch"]
    if watch is None or event not in _LOOKED_AT:
        return
    _state["watch"] = None  # what is done in here is no act of the model
    try:
        watch.event(event, arguments, sys._getframe(1))
    finally:
        _state["watch"] = watch
