"""Load every model file once in a process of its own, before this one does.

Snakemake reads the workflow in its own process, and the check of a configuration has to load the
model files. One that never returns, crashes the interpreter or takes all memory as it is loaded
would take the whole run with it. So a file is tried in a child first, within limits; what was
tried is remembered by its content, and tried again when it changes.
"""

import errno
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
from laplace_files.artifacts import replacing
from laplace_files.strict_json import RECORD_BYTES, parsed, read_regular
from laplace_files.supervise import limit_memory

MEMORY = Path(".snakemake/laplace-models-tried.json")
SECONDS = 60
MEGABYTES = 4000
PRINTED_BYTES = 16 * 1024 * 1024
_NO_MEMORY, _PRINTS = 77, 78  # statuses that no signal and no Python gives


def try_models(definitions: dict[str, dict], hashes: dict[str, str]) -> None:
    """Load the models, each {file, data}, in a child; `hashes` are of their content, by name.

    Raises InputError that names the model on which the child died. What is merely wrong with a
    model is for the caller to find, who loads it next.
    """
    tried = _remembered()
    new = {
        name: definition for name, definition in definitions.items() if hashes[name] not in tried
    }
    if not new:
        return
    status, begun = _in_child(new)
    if status != 0:
        name = begun[-1] if begun else next(iter(new))
        raise InputError(f"{definitions[name]['file']}: {_what_happened(name, status)}")
    now = [*tried, *filter(None, (hashes[name] for name in new))]
    _remember(list(dict.fromkeys(now))[-1000:])


def _what_happened(name: str, status: int) -> str:
    what = f"loading the model {name!r} "
    if status == -signal.SIGALRM:
        return f"{what}did not end within {SECONDS} s; look for a loop without end in it"
    if status == _NO_MEMORY:
        return f"{what}takes more than {MEGABYTES} MB of memory; let it take what it needs later"
    if status == _PRINTS:
        return f"{what}prints more than {PRINTED_BYTES // 2**20} MiB; let it print nothing"
    if status < 0:
        signals = {each.value: each.name for each in signal.Signals}
        return f"{what}ends the interpreter ({signals.get(-status, -status)}); mend the file"
    return f"{what}ends the interpreter with status {status}; mend the file"


def _in_child(definitions: dict[str, dict]) -> tuple[int, list[str]]:
    """Return the child's status, and the names of the models that it began to load."""
    # the Snakefile quotes the interpreter's path for the jobs
    interpreter = (
        sys.executable if os.path.exists(sys.executable) else shlex.split(sys.executable)[0]
    )
    with tempfile.TemporaryFile() as printed:
        done = subprocess.run(
            [interpreter, "-m", "laplace_files.trial"],
            input=json.dumps(definitions).encode(),
            stdout=subprocess.PIPE,
            stderr=printed,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            check=False,
        )
        full = os.fstat(printed.fileno()).st_size >= PRINTED_BYTES
    return _PRINTS if full else done.returncode, done.stdout.decode().splitlines()


def _remembered() -> dict[str, None]:
    """Return the hashes of what was tried, the oldest first; none where they cannot be read."""
    try:
        hashes = parsed(read_regular(MEMORY, RECORD_BYTES))
    except (OSError, ValueError):
        return {}
    wanted = isinstance(hashes, list) and all(isinstance(each, str) for each in hashes)
    return dict.fromkeys(hashes) if wanted else {}


def _remember(hashes: list[str]) -> None:
    try:
        with replacing(MEMORY) as temporary:
            temporary.write_text(json.dumps(hashes), encoding="utf-8")
    except OSError:
        pass  # then it is tried again


def main() -> int:
    """Load the models that standard input describes; return the exit status."""
    from laplace_files.request import open_model

    definitions = json.loads(sys.stdin.buffer.read())
    # what models print goes to a file of bounded size, their names go to the caller
    names = os.dup(1)
    os.dup2(2, 1)
    limit_memory(MEGABYTES)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED_BYTES, PRINTED_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, definition in definitions.items():
        os.write(names, f"{name}\n".encode())
        signal.alarm(SECONDS)
        try:
            open_model(definition)
        except BaseException as error:  # the caller meets the same, and says what it is
            if _comes_of(error, MemoryError):
                return _NO_MEMORY
            if _comes_of(error, OSError, errno.EFBIG):
                return _PRINTS
        signal.alarm(0)
    return 0


def _comes_of(error, kind, number=None) -> bool:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error is not None and number in (None, getattr(error, "errno", None))


if __name__ == "__main__":
    sys.exit(main())
