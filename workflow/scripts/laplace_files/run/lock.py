"""One run at a time: a lock that dies with its owner, and what dead runs left, cleared away.

Snakemake's own locks are files, which a `kill -9` or a power cut leaves behind. A `flock` belongs
to the process: the system takes it away with it. Who holds it knows that every file of Snakemake's
locks, and every temporary file of a writer, is of a run that is dead.
"""

import fcntl
import os
import re
import shutil
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import is_temporary

SNAKEMAKE_LOCKS = Path(".snakemake/locks")

# Options of Snakemake with which a call runs no job. A call that is taken for a run by mistake
# (an abbreviated option) only has to wait for the other run.
_SHOWS = (
    *("--dry-run", "--dryrun", "--lint", "--list-rules", "--list", "--list-target-rules", "--lt"),
    *("--dag", "--rulegraph", "--filegraph", "--d3dag", "--summary", "--detailed-summary"),
    *("--report", "--unlock", "--print-compilation", "--list-untracked", "--list-changes"),
    *("--list-input-changes", "--list-params-changes", "--list-code-changes", "--archive"),
)
# one of n, S, D, l, L in a cluster of short options, before one that takes the rest as its value
_SHOWS_SHORT = re.compile(r"-[^-cjCsdfRUOATqtwbe]*[nSDlL].*")


def runs_jobs(arguments) -> bool:
    """Return whether a call of Snakemake with these arguments runs jobs, and does not only look."""
    names = [text.partition("=")[0] for text in arguments]
    return not any(name in _SHOWS or _SHOWS_SHORT.fullmatch(name) for name in names)


def take(folders) -> list[int]:
    """Lock the folders (made if need be) until this process ends; return their descriptors.

    Raises InputError, in one sentence, if another process holds one of them. A file system that
    has no such locks gives none: then Snakemake's own locks are all there is.
    """
    held = []
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _owner(descriptor)
            for each in (*held, descriptor):
                os.close(each)
            raise InputError(
                f"{folder}: another run{owner} is at work here; wait until it has ended, or run "
                "in another folder (snakemake --directory FOLDER)"
            ) from None
        except OSError:
            os.close(descriptor)
            continue
        held.append(descriptor)
    return held


def is_free(folder) -> bool:
    """Return whether no process holds the folder; looking changes nothing."""
    if not os.path.isdir(folder):
        return True
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return True


def _owner(descriptor: int) -> str:
    """Return ` (process N)` if the system says who holds the lock, otherwise nothing."""
    wanted = str(os.fstat(descriptor).st_ino)
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    for fields in map(str.split, lines):  # nr: FLOCK ADVISORY WRITE pid device:inode start end
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == wanted:
            return f" (process {fields[4]})"
    return ""


def clear_after_dead_runs(results) -> None:
    """Remove what only a dead run can have left: Snakemake's locks, and temporary files.

    To be called by the holder of the lock alone.
    """
    shutil.rmtree(SNAKEMAKE_LOCKS, ignore_errors=True)
    for folder, folders, files in os.walk(results):
        for name in filter(is_temporary, list(folders)):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
            folders.remove(name)
        for name in filter(is_temporary, files):
            os.unlink(os.path.join(folder, name))


def refuse_links_out(folders) -> None:
    """Raise InputError for a link below one of the folders that leads out of it.

    The folder itself may be a link: large results belong on another disk, and whoever makes that
    link means it. Below it every name is the workflow's own, so that a link there was put there by
    something else.
    """
    for folder in folders:
        inside = os.path.realpath(folder)  # unlike Path.resolve, it bears with loops
        for place, folders_in, files in os.walk(folder):
            for name in (*folders_in, *files):
                link = Path(place) / name
                if link.is_symlink() and not Path(os.path.realpath(link)).is_relative_to(inside):
                    raise InputError(
                        f"{link}: is a link that leads out of {folder}; remove it, or link the "
                        f"whole folder {folder} instead"
                    )
