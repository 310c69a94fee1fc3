"""What every job does first: set a watched child to work, and end an error as a paragraph."""

import os
import sys
import traceback

from laplace_approx.errors import InputError
from laplace_approx.words.printable import printable
from laplace_files.artifacts.provenance import made_from, write_record
from laplace_files.run.child import become_child, limits_of


def start(job) -> None:
    """Go on in a child process within the limits of the job, its output sent to the log.

    `job` is the `snakemake` object of a script. The redirection is on the level of file
    descriptors, so that what a model's own compiled code prints goes to the log as well. When the
    child has ended well, the parent writes the record of every output.
    """
    sys.excepthook = _report
    making = made_from(job.rule, dict(job.wildcards.items()), job.input, dict(job.params.items()))
    outputs = list(map(str, job.output))

    def finish() -> None:
        check_made(outputs)
        for path in outputs:
            write_record(path, making)

    log = job.log[0] if job.log else os.devnull
    os.makedirs(os.path.dirname(log) or ".", exist_ok=True)
    become_child(log, limits_of(job.resources), _name(job), finish)


def check_made(outputs: list[str]) -> None:
    """Raise InputError unless every output is there, though the job says that it ended well."""
    missing = [path for path in outputs if not os.path.lexists(path)]
    if missing:
        raise InputError(
            f"{missing[0]} was not made, though the process ended with status 0: code of the model "
            "has left it, as os._exit(0) does. Take that out of the model file"
        )


def _name(job) -> str:
    values = "/".join(str(value) for _, value in job.wildcards.items())
    return f"the job {job.rule} of {values}" if values else f"the job {job.rule}"


def _report(kind, error, trace) -> None:
    """Print one paragraph for a bad input, and the traceback for what nobody foresaw."""
    if issubclass(kind, InputError):
        print(f"Error: {error}", file=sys.stderr)
        return
    if issubclass(kind, OSError):
        print(printable(f"Error: the system refused: {error}"), file=sys.stderr)
    if issubclass(kind, MemoryError):
        print(
            "Error: more memory was asked for than the job may have, or than there is; allow more "
            "with: snakemake --default-resources mem_mb=MEGABYTES",
            file=sys.stderr,
        )
    lines = traceback.format_exception(kind, error, trace)
    print(printable("".join(lines)), end="", file=sys.stderr)
