"""What is on disk held against its records: every artifact that is not what it should be, by name.

The findings rest on the records under `results/.records` alone, so that they hold for a folder of
results that was copied here, with whatever times its files have.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_files.recordfile import RECORDS, RESULTS, artifact_of, record_path
from laplace_files.records import digest, files_of
from laplace_files.runlock import is_temporary

REPAIR = "snakemake repair"
MANIFEST = "results/manifest.json"
AUDIT = "results/audit.json"
REPORT = re.compile(r"results/(sweeps/[^/]+/)?audit\.json")  # written anew by whoever looks
OWN = (MANIFEST, "results/manifest-sha256.txt")  # not listed: itself, nor what is said about it

# faults of an output that a run can mend by making it anew; an orphan is for its owner to judge
MENDED = ("missing", "truncated", "edited", "no_record", "not_made", "stale", "stale_input")
DAMAGE = ("missing", "truncated", "edited", "no_record")  # what no run of the workflow leaves


class Finding(NamedTuple):
    """One thing wrong: the output or file, its fault (a word), a sentence, and what mends it."""

    file: str
    fault: str
    message: str
    remake: str


class Disk(NamedTuple):
    """Outputs by path: their records, and the files that they have now (None where absent)."""

    records: dict[str, dict]
    files: dict[str, dict | None]
    unrecorded: list[str]


# rule and wildcards -> the parameters that the rule would get now; None where it has none
Current = Callable[[str, dict], dict | None]


def findings(targets: Iterable[str], current: Current) -> list[Finding]:
    """Return everything below results/ that is not what it should be, in the order of the paths.

    `targets` are the outputs that the configuration asks for; what they rest on is found in their
    records. `current` says what a rule would be given now.
    """
    disk = read_disk()
    wanted = needed(targets, disk.records)
    found = {path: _damage(path, disk) for path in disk.records if path in wanted or _there(path)}
    found |= {path: _never_made(path) for path in wanted if path not in disk.records}
    found = {path: finding for path, finding in found.items() if finding}
    for path in disk.unrecorded:
        found[path] = _no_record(path) if path in wanted else _stranger(path)
    stale = _stale(disk, current, found)
    found |= {path: finding for path, finding in stale.items() if path not in found}
    asked = [disk.records[path] for path in wanted if path in disk.records]
    for path, record in disk.records.items():
        if path not in found and path not in wanted and _is_orphan(record, asked, current):
            found[path] = _orphan(path)
    if MANIFEST in wanted and MANIFEST not in found and _lists_others(disk, wanted):
        found[MANIFEST] = _finding(MANIFEST, "stale", "lists other artifacts than there are")
    return [found[path] for path in sorted(found) if not _is_of_use(path, disk, found)]


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


def needed(targets: Iterable[str], records: dict[str, dict]) -> set[str]:
    """Return the targets and every output that they rest on, as far as the records tell.

    A manifest rests on all that the configuration asked for when it was made: that is not followed.
    """
    seen, waiting = set(), list(targets)
    while waiting:
        path = waiting.pop()
        if path not in seen and record_path(path) is not None:
            seen.add(path)
            if path not in OWN:
                waiting.extend(records.get(path, {}).get("inputs", ()))
    return seen


def read_disk() -> Disk:
    """Read every record, and hash every file below results/."""
    records, unreadable = {}, []
    for file in sorted(RECORDS.rglob("*.json")):
        record = _read_record(file)
        if record is None:
            unreadable.append(artifact_of(file))
        else:
            records[artifact_of(file)] = record
    files = {path: files_of(path) if _there(path) else None for path in records}
    strangers = [path for path in _files_below_results() if not _belongs(path, records)]
    return Disk(records, files, sorted({*strangers, *filter(_there, unreadable)}))


def _read_record(file: Path) -> dict | None:
    try:
        record = json.loads(file.read_bytes())
        record["files"], record["inputs"], record["params"], record["rule"], record["wildcards"]
    except (ValueError, KeyError, TypeError, OSError):
        return None
    return record


def _there(path: str) -> bool:
    return Path(path).exists()


def _files_below_results() -> list[str]:
    return [
        file.as_posix()
        for file in sorted(RESULTS.rglob("*"))
        if file.is_file()
        and RECORDS not in file.parents
        and file.name != ".snakemake_timestamp"
        and not any(map(is_temporary, file.parts))
    ]


def _belongs(path: str, records: dict[str, dict]) -> bool:
    return path in records or any(str(parent) in records for parent in Path(path).parents)


def _damage(path: str, disk: Disk) -> Finding | None:
    """Return what is wrong with the bytes of an output that has a record."""
    said, now = disk.records[path]["files"], disk.files[path]
    if now is None:
        return _finding(path, "missing", "is gone, though what rests on it was made from it")
    for name in sorted(said.keys() | now.keys()):
        place = f"{path}/{name}".rstrip("/")
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


def _stale(disk: Disk, current: Current, broken: dict[str, Finding]) -> dict[str, Finding]:
    """Return the outputs that code, settings or inputs of today would make otherwise."""
    found = {}
    digests = {path: digest(record["files"]) for path, record in disk.records.items()}
    for path, record in disk.records.items():
        if disk.files[path] is None:
            continue
        now = current(record["rule"], record["wildcards"])
        if now is not None and (other := _difference(record["params"], now)):
            found[path] = _finding(path, "stale", other)
            continue
        for name, said in record["inputs"].items():
            if REPORT.fullmatch(name):
                continue  # Snakemake sets the page anew; that it shows an older one is no fault
            if (digests.get(name) or _digest_of(name)) not in (said, None):
                found[path] = _finding(path, "stale", f"was made from another {name} than there is")
                break
    return found | _resting_on(found, disk.records)


def _digest_of(path: str) -> str | None:
    return digest(files_of(path)) if _there(path) else None


def _difference(said: dict, now: dict) -> str:
    """Return which of today's parameters were others, in words; nothing if none was."""
    names = sorted(key for key in now if said.get(key) != now[key])
    if not names:
        return ""
    what = ["code or library versions" if name == "code" else f"setting {name!r}" for name in names]
    return f"was made with other {' and '.join(what)} than there are now"


def _resting_on(stale: dict[str, Finding], records: dict[str, dict]) -> dict[str, Finding]:
    """Return the outputs that rest, at however many removes, on what is stale."""
    found, waiting = {}, list(stale)
    users: dict[str, list[str]] = {}
    for path, record in records.items():
        for name in record["inputs"]:
            users.setdefault(name, []).append(path)
    while waiting:
        source = waiting.pop()
        for path in users.get(source, ()):
            if path not in stale and path not in found and _there(path):
                found[path] = _finding(path, "stale_input", f"rests on {source}, which is stale")
                waiting.append(path)
    return found


def _is_orphan(record: dict, asked: list[dict], current: Current) -> bool:
    """Return whether an output that nothing asks for is of a case or a rule that was removed.

    A rule that is asked for, with other wildcards, would make this if the configuration asked for
    it. Of a rule that only a person asks for (a sweep, a crate), what belongs to a case is kept as
    long as the case is.
    """
    rule, wildcards = record["rule"], record["wildcards"]
    if current(rule, wildcards) is None:
        return True
    if any(other["rule"] == rule for other in asked):
        return True
    cases = [other["wildcards"] for other in asked if "model" in other["wildcards"]]
    return "model" in wildcards and not any(_agree(wildcards, case) for case in cases)


def _agree(one: dict, other: dict) -> bool:
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def _finding(path: str, fault: str, text: str, whole: bool = False) -> Finding:
    message = text if whole else f"{path} {text}"
    return Finding(path, fault, message, f"{REPAIR}, or snakemake --force {path}")


def _never_made(path: str) -> Finding | None:
    return None if _there(path) else _finding(path, "not_made", "is not there")


def _no_record(path: str) -> Finding:
    return _finding(path, "no_record", "has no readable record of how it was made")


def _stranger(path: str) -> Finding:
    text = f"{path} was not made by this workflow, or its record is gone"
    return Finding(path, "orphan", text, f"rm -r {path}")


def _orphan(path: str) -> Finding:
    text = f"{path} is of a case that the configuration does not ask for"
    return Finding(path, "orphan", text, f"rm -r {path} {record_path(path)}")


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


def _lists_others(disk: Disk, wanted: set[str]) -> bool:
    """Return whether the manifest on disk lists anything else than the records say."""
    try:
        said = json.loads(Path(MANIFEST).read_bytes())["artifacts"]
    except (OSError, ValueError, KeyError, TypeError):
        return False  # not made yet, or damaged: other findings say so
    return said != _listed(disk, wanted)


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
