"""What is on disk held against its records: every artifact that is not what it should be, by name.

The findings rest on the records under `results/.records` alone, so that they hold for a folder of
results that was copied here, with whatever times its files have.
"""

import re
import shlex
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_approx.words.printable import one_line
from laplace_files.artifacts.disk import Disk, read_disk, there, without_records
from laplace_files.artifacts.provenance import digest, files_of
from laplace_files.artifacts.provenance_path import RESULTS, record_path
from laplace_files.artifacts.schemas import fault_of_record
from laplace_files.artifacts.standing import (
    MANIFEST,
    OWN,
    Makes,
    Standing,
    needed,
    standing_of,
)
from laplace_files.artifacts.strict_json import MOST_BYTES, parsed, read_regular

REPAIR = "snakemake repair"
MOVE = f"move it out of {RESULTS}/"
AUDIT = "results/audit.json"
REPORT = re.compile(r"results/(sweeps/[^/]+/)?audit\.json")  # written anew by whoever looks

# faults of an output that a run can mend by making it anew
MENDED = ("missing", "truncated", "edited", "no_record", "not_made", "stale", "stale_input")
DAMAGE = ("missing", "truncated", "edited", "no_record")  # what no run of the workflow leaves


class Finding(NamedTuple):
    """One thing wrong: the output or file, its fault (a word), a sentence, and what mends it."""

    file: str
    fault: str
    message: str
    remake: str


# rule and wildcards -> the parameters that the rule would get now; None where it has none
Current = Callable[[str, dict], dict | None]


class Today(NamedTuple):
    """What the workflow would do now: what would make an output, with which parameters.

    `sources` are the files that it may read beyond results/; None where they are not known.
    """

    current: Current
    makes: Makes
    sources: Collection[str] | None


def findings(
    targets: Iterable[str],
    current: Current,
    makes: Makes | None = None,
    sources: Collection[str] | None = None,
    needs: Iterable[str] = (),
) -> list[Finding]:
    """Return everything below results/ that is not what it should be, in the order of the paths.

    `targets` are the outputs that the configuration asks for; what they rest on is found in their
    records, and `needs` are more of it that is known without. `current` says what a rule would be
    given now, and `makes` which rule would make an output: without it, the one that its record
    names.
    """
    disk = read_disk()
    if makes is not None:
        disk = without_records(disk, _of_another(disk, makes))
    today = Today(current, makes or _by_records(disk, current), sources)
    standing = standing_of(targets, needs, disk, today.makes)
    made = {path for path in disk.records if _is_made_here(path, disk, standing, today)}
    found = {path: _damage(path, disk) for path in made}
    absent = {path for path in standing.wanted if path not in disk.records and not there(path)}
    found |= {path: _never_made(path) for path in absent if makes is None or makes(path)}
    found = {path: finding for path, finding in found.items() if finding}
    found |= _without_record(disk, standing, today)
    stale = _stale(disk, made, today)
    found |= {path: finding for path, finding in stale.items() if path not in found}
    for path in disk.records.keys() - standing.wanted:
        if disk.files[path] is not None and standing.is_left_over(path):
            found[path] = _orphan(path)
    asked = needed(targets, disk.records)
    if MANIFEST in asked and MANIFEST not in found and _lists_others(disk, asked):
        found[MANIFEST] = _finding(MANIFEST, "stale", "lists other artifacts than there are")
    return [found[path] for path in sorted(found) if not _is_of_use(path, disk, found)]


def _of_another(disk: Disk, makes: Makes) -> list[str]:
    """Return the outputs whose record names another rule, or other wildcards, than would make them
    now: such a record is none of theirs."""
    origins = {path: makes(path) for path in disk.records}
    return [
        path
        for path, origin in origins.items()
        if origin and origin != (disk.records[path]["rule"], disk.records[path]["wildcards"])
    ]


def _by_records(disk: Disk, current: Current) -> Makes:
    def makes(path: str) -> tuple[str, dict] | None:
        if path not in disk.records:
            return None
        origin = disk.records[path]["rule"], disk.records[path]["wildcards"]
        return None if current(*origin) is None else origin

    return makes


def _is_made_here(path: str, disk: Disk, standing: Standing, today: Today) -> bool:
    """Return whether an output with a record is there, or should be, and could be made anew."""
    if path in standing.wanted:
        return today.makes(path) is not None
    return disk.files[path] is not None and not standing.is_left_over(path)


def _is_of_use(path: str, disk: Disk, found: dict[str, Finding]) -> bool:
    """Return whether a path is an audit's own report, and that of a sweep which there still is."""
    if not REPORT.fullmatch(path):
        return False
    folder = path.removesuffix("audit.json")
    beside = [other for other in disk.records if other.startswith(folder)]
    gone = [other for other in beside if other in found and found[other].fault == "orphan"]
    return path == AUDIT or len(gone) < len(beside)


def to_mend(found: Iterable[Finding]) -> list[str]:
    """Return the outputs that are to be made anew."""
    return [finding.file for finding in found if finding.fault in MENDED]


def left_over(found: Iterable[Finding]) -> list[str]:
    """Return the outputs of earlier configurations, which a repair removes."""
    return [each.file for each in found if each.fault == "orphan" and each.remake == REPAIR]


def _damage(path: str, disk: Disk) -> Finding | None:
    """Return what is wrong with the bytes of an output that has a record."""
    said, now = disk.records[path]["files"], disk.files[path]
    if now is None:
        return _finding(path, "missing", "is gone, though what rests on it was made from it")
    for name in sorted(said.keys() | now.keys()):
        place = f"{path}/{name}".rstrip("/")
        if not now and not Path(path).is_dir():
            return _finding(path, "edited", f"{place} is not a regular file", whole=True)
        if name not in now:
            return _finding(path, "missing", f"{place} is gone", whole=True)
        if name not in said:
            return _finding(path, "edited", f"{place} is not of this output", whole=True)
        if now[name]["size"] < said[name]["size"]:
            sizes = f"{now[name]['size']} of its {said[name]['size']} bytes"
            return _finding(path, "truncated", f"{place} has {sizes}", whole=True)
        if now[name]["sha256"] != said[name]["sha256"]:
            hashes = f"{now[name]['sha256'][:16]}... for {said[name]['sha256'][:16]}..."
            return _finding(path, "edited", f"{place} has other content (SHA-256 {hashes})", True)
    return None


def _without_record(disk: Disk, standing: Standing, today: Today) -> dict[str, Finding]:
    """Return what has no readable record: outputs to be made anew, and what is no output."""
    found = {}
    for path in disk.unrecorded:
        output = _output_with(path, standing, today)
        if output is not None:
            found[output] = _no_record(output)
        else:
            each = _stranger(_whole(path, disk, standing))
            found[each.file] = each
    return found


def _output_with(path: str, standing: Standing, today: Today) -> str | None:
    """Return the output that a file is, or is a part of, if there is one that is made today."""
    for place in (path, *map(str, Path(path).parents)):
        if record_path(place) is not None and (
            place in standing.wanted or not standing.is_left_over(place)
        ):
            return place
    return None


def _whole(path: str, disk: Disk, standing: Standing) -> str:
    """Return the largest folder that a file is in and no output of the workflow, or the file."""
    if REPORT.fullmatch(path):
        return path
    outputs = [*disk.records, *standing.wanted]
    folders = {folder for output in outputs for folder in Path(output).parents}
    inside = [folder for folder in Path(path).parents if RESULTS in folder.parents]
    return str(next((folder for folder in reversed(inside) if folder not in folders), path))


def _stale(disk: Disk, made: set[str], today: Today) -> dict[str, Finding]:
    """Return the outputs that code, settings or inputs of today would make otherwise."""
    found = {}
    digests = {path: digest(record["files"]) for path, record in disk.records.items()}
    for path in made:
        record = disk.records[path]
        if disk.files[path] is None:
            continue
        now = today.current(record["rule"], record["wildcards"])
        if now is not None and (other := _difference(record["params"], now)):
            found[path] = _finding(path, "stale", other)
            continue
        for name, said in record["inputs"].items():
            if REPORT.fullmatch(name):
                continue  # Snakemake sets the page anew; that it shows an older one is no fault
            if not _is_input(name, disk, today):
                found[path] = _finding(path, "stale", f"was made from {name}, which is no input")
                break
            if (digests.get(name) or _digest_of(name)) not in (said, None):
                found[path] = _finding(path, "stale", f"was made from another {name} than there is")
                break
    return found | _resting_on(found, disk.records, made)


def _is_input(name: str, disk: Disk, today: Today) -> bool:
    """Return whether a file is one that a job may have read: an output, or a declared source.

    A source that is not there could not be read now: a copy of the results may lie elsewhere.
    """
    if today.sources is None:
        return True
    if record_path(name) is None:
        return name in today.sources or not there(name)
    return name in disk.records or today.makes(name) is not None


def _digest_of(path: str) -> str | None:
    return digest(files_of(path)) if there(path) else None


def _difference(said: dict, now: dict) -> str:
    """Return which of today's parameters were others, in words; nothing if none was."""
    names = sorted(key for key in now if said.get(key) != now[key])
    if not names:
        return ""
    what = ["code or library versions" if name == "code" else f"setting {name!r}" for name in names]
    return f"was made with other {' and '.join(what)} than there are now"


def _resting_on(
    stale: dict[str, Finding], records: dict[str, dict], made: set[str]
) -> dict[str, Finding]:
    """Return the outputs that rest, at however many removes, on what is stale."""
    found, waiting = {}, list(stale)
    users: dict[str, list[str]] = {}
    for path, record in records.items():
        for name in record["inputs"]:
            users.setdefault(name, []).append(path)
    while waiting:
        source = waiting.pop()
        for path in users.get(source, ()):
            if path in made and path not in stale and path not in found and there(path):
                found[path] = _finding(path, "stale_input", f"rests on {source}, which is stale")
                waiting.append(path)
    return found


def _finding(path: str, fault: str, text: str, whole: bool = False) -> Finding:
    message = text if whole else f"{path} {text}"
    return Finding(path, fault, message, f"{REPAIR}, or snakemake --force {shlex.quote(path)}")


def _never_made(path: str) -> Finding:
    return _finding(path, "not_made", "is not there")


def _no_record(path: str) -> Finding:
    return _finding(path, "no_record", "has no readable record of how it was made")


def _stranger(path: str) -> Finding:
    """Return the finding of a file that no run is known to have made; a name that is no UTF-8, or
    that would move the cursor of a terminal, is written with escapes."""
    if REPORT.fullmatch(path):
        return _orphan(path)
    name = one_line(path)
    text = f"{name} was not made by this workflow, or its record is gone; it is left where it is"
    return Finding(name, "orphan", text, MOVE)


def _orphan(path: str) -> Finding:
    text = f"{path} is of a case or a sweep that the configuration does not ask for"
    return Finding(path, "orphan", text, REPAIR)


def manifest(targets: Iterable[str]) -> dict:
    """Return the manifest: every output that the targets rest on, with bytes and origin."""
    disk = read_disk()
    listed = _listed(disk, needed(targets, disk.records))
    absent = [record["artifact"] for record in listed if "files" not in record]
    if absent:
        raise InputError(f"{absent[0]} has no record of how it was made; run: {REPAIR}")
    return {"artifacts": listed}


def _listed(disk: Disk, wanted: set[str]) -> list[dict]:
    paths = sorted(path for path in wanted - {*OWN} if not REPORT.fullmatch(path))
    return [disk.records.get(path, {"artifact": path}) for path in paths]


def _lists_others(disk: Disk, asked: set[str]) -> bool:
    """Return whether the manifest on disk lists anything else than the records say.

    What has no readable record is found as such, and has the same one when it is made anew.
    """
    try:
        said = parsed(read_regular(MANIFEST, MOST_BYTES))
    except (OSError, ValueError):
        return False  # not made yet, or damaged: other findings say so
    if fault_of_record(MANIFEST, said) is not None:
        return True
    listed = _listed(disk, asked)
    if all("files" in entry for entry in listed):
        return said["artifacts"] != listed
    entries = {entry["artifact"]: entry for entry in said["artifacts"]}
    known = [entry for entry in listed if "files" in entry]
    return any(entries.get(entry["artifact"]) != entry for entry in known)


def checksum_lines(listed: dict) -> str:
    """Return the artifacts of a manifest as `sha256  path` lines, with paths below results/.

    The format of BagIt's manifests, which `sha256sum -c` reads inside results/.
    """
    lines = []
    for record in listed["artifacts"]:
        below = Path(record["artifact"]).relative_to(RESULTS)
        for name, entry in record["files"].items():
            lines.append(f"{entry['sha256']}  {(below / name).as_posix()}\n")
    return "".join(sorted(lines, key=lambda line: line.partition("  ")[2]))
