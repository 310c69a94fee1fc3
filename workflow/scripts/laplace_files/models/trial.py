"""Load every model file once in a process of its own, and call its functions, before this one does.

Snakemake reads the workflow in its own process, and the check of a configuration has to load the
model files. One that never returns, crashes the interpreter or takes all memory as it is loaded
would take the whole run with it. So a file is tried in a child first, within limits. Its
functions are called at its start, so that a name that is not there is found before anything is
computed. What was tried is remembered by its content, with the files that the model was seen to
read, and tried again when one of them changes.
"""

import errno
import hashlib
import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import replacing, sha256_of
from laplace_files.artifacts.strict_json import RECORD_BYTES, parsed, read_regular
from laplace_files.models.modelfile import model_files
from laplace_files.models.open import open_model
from laplace_files.models.rehearsal import rehearse
from laplace_files.models.watch import hash_if_there, watch_of
from laplace_files.run.child import LOG_BYTES, limit_memory, signal_name

MEMORY = Path(".snakemake/laplace-models-tried.json")
SECONDS = 60
MEGABYTES = 4000
PRINTED_BYTES = LOG_BYTES  # as much as a job may print
_NO_MEMORY, _PRINTS, _FAULT = 77, 78, 79  # statuses that no signal and no Python gives
_LOADING, _CALLING = "loading", "calling the functions of"


_READ: dict[str, dict[str, str | None]] = {}  # by the hash of the model's own files


def try_models(definitions: dict[str, dict], hashes: dict[str, str]) -> None:
    """Load the models, each {file, data}, in a child, and call their functions at their start.

    `hashes` are of their own files, by name. Raises InputError that names the model on which the
    child died, or in which a name is wrong or something is done that may not be. What is otherwise
    wrong with a model is for the caller to find, who loads it next.
    """
    tried = _remembered()
    new = {
        name: definition
        for name, definition in definitions.items()
        if not _is_as_it_was(tried.get(hashes[name]))
    }
    waiting = dict(new)
    while waiting:
        said = _try(waiting)
        for name, read in said.items():
            del waiting[name]
            if hashes[name]:
                tried.pop(hashes[name], None)
                tried[hashes[name]] = read
    for digest in hashes.values():
        _READ[digest] = tried.get(digest, {})
    if new:
        _remember(dict(list(tried.items())[-1000:]))


def side_files(digest: str) -> dict[str, str | None]:
    """Return the files that a model read as it was tried, with their hashes (None: not there).

    They are those that are not its own files, whose hash is `digest`, and not its data.
    """
    return _READ.get(digest) or {}


def _is_as_it_was(read: dict[str, str | None] | None) -> bool:
    """Return whether what a model read when it was tried is still the same."""
    if read is None:
        return False
    return all(hash_if_there(path) == digest for path, digest in read.items())


def _try(definitions: dict[str, dict]) -> dict[str, dict]:
    """Return what each model read that a child came to, {path: hash}; raises as `try_models`."""
    status, lines = _in_child(definitions)
    events = list(map(json.loads, lines))
    read = {event["name"]: event["read"] for event in events if "read" in event}
    last = events[-1] if events else {"name": next(iter(definitions)), "doing": _LOADING}
    if "fault" in last:
        raise InputError(last["fault"])
    if status == 0 and read.keys() == definitions.keys():
        return read
    name, doing = last["name"], last["doing"]
    if doing == _CALLING and status in (-signal.SIGALRM, _NO_MEMORY, _PRINTS):
        # it is slow or large, and has its limits as a job
        return {**read, name: read.get(name, {})}
    raise InputError(f"{definitions[name]['file']}: {_what_happened(name, doing, status)}")


def _what_happened(name: str, doing: str, status: int) -> str:
    what = f"{doing} the model {name!r} "
    if status == -signal.SIGALRM:
        return f"{what}did not end within {SECONDS} s; look for a loop without end in it"
    if status == _NO_MEMORY:
        return f"{what}takes more than {MEGABYTES} MB of memory; let it take what it needs later"
    if status == _PRINTS:
        return f"{what}prints more than {PRINTED_BYTES // 2**20} MiB; let it print nothing"
    if status < 0:
        return f"{what}ends the interpreter ({signal_name(-status)}); mend the file"
    return f"{what}ends the interpreter with status {status}; mend the file"


def _in_child(definitions: dict[str, dict]) -> tuple[int, list[bytes]]:
    """Return the child's status, and the lines of JSON in which it told what it did."""
    # the Snakefile quotes the interpreter's path for the jobs
    interpreter = (
        sys.executable if os.path.exists(sys.executable) else shlex.split(sys.executable)[0]
    )
    with tempfile.TemporaryFile() as printed:
        done = subprocess.run(
            [interpreter, "-m", "laplace_files.models.trial"],
            input=json.dumps(definitions).encode(),
            stdout=subprocess.PIPE,
            stderr=printed,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=False,
        )
        full = os.fstat(printed.fileno()).st_size >= PRINTED_BYTES
    return _PRINTS if full else done.returncode, done.stdout.splitlines()


def _remembered() -> dict[str, dict[str, str | None]]:
    """Return what each model read that was tried, by the hash of its files, the oldest first; none
    where that cannot be read."""
    try:
        found = parsed(read_regular(MEMORY, RECORD_BYTES))
        return {str(digest): dict(read) for digest, read in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(tried: dict) -> None:
    try:
        with replacing(MEMORY) as temporary:
            temporary.write_text(json.dumps(tried), encoding="utf-8")
    except OSError:
        pass  # then it is tried again


def main() -> None:
    """Try the models that standard input describes, and exit with the status of the first fault."""
    definitions = json.loads(sys.stdin.buffer.read())
    # what models print goes to a file of bounded size, their names go to the caller
    names = os.dup(1)
    os.dup2(2, 1)
    limit_memory(MEGABYTES)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED_BYTES, PRINTED_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def tell(**event) -> None:
        os.write(names, f"{json.dumps(event)}\n".encode())

    for name, definition in definitions.items():
        status = _try_one(name, definition, tell)
        signal.alarm(0)
        if status:
            os._exit(status)
    os._exit(0)  # whatever threads and functions a model leaves behind


def _try_one(name: str, definition: dict, tell) -> int:
    """Load a model and call its functions, telling what comes next; return the exit status."""
    from laplace_files.models.open import beside, open_model_and_data

    doing = _LOADING
    try:
        tell(name=name, doing=_LOADING)
        signal.alarm(SECONDS)
        model, data = open_model_and_data(definition)
        doing = _CALLING
        tell(name=name, doing=_CALLING)
        signal.alarm(SECONDS)
        rehearse(definition["file"], model, data)
    except BaseException as error:
        if _comes_of(error, MemoryError):
            return _NO_MEMORY
        if _comes_of(error, OSError, errno.EFBIG):
            return _PRINTS
        if doing == _CALLING and isinstance(error, InputError):
            tell(name=name, fault=f"{error}{beside(definition)}")
            return _FAULT
        # what is wrong as it is loaded the caller meets as well, and says what it is
    tell(name=name, doing=doing, read=watch_of(definition["file"]).side_files())
    return 0


def _comes_of(error, kind, number=None) -> bool:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error is not None and number in (None, getattr(error, "errno", None))


if __name__ == "__main__":
    main()


def open_models(config: dict, names) -> dict:
    """Return models of the configuration by name, each tried in a process of its own before."""
    definitions = {name: config["models"][name] for name in names}
    try_models(definitions, {name: _hash_for_trial(each) for name, each in definitions.items()})
    return {name: open_model(definition) for name, definition in definitions.items()}


def source_hash(definition: dict) -> str:
    """Return one hash of the files that a `models:` entry rests on, those that it reads included.

    Which these are was seen when the model was tried (`open_models`).
    """
    own = _own_hash(definition)
    read = side_files(own)
    return hashlib.sha256(f"{own}{sorted(read.items())}".encode()).hexdigest() if read else own


def _own_hash(definition: dict) -> str:
    """Return one hash of the files that a `models:` entry names or its code imports."""
    files = [*model_files(definition["file"]), *filter(None, [definition.get("data")])]
    return hashlib.sha256("".join(sha256_of(file) for file in files).encode()).hexdigest()


def _hash_for_trial(definition: dict) -> str:
    """Return the hash of a model's files, or that of nothing for what cannot be read."""
    try:
        return _own_hash(definition)
    except (InputError, OSError):
        return ""
