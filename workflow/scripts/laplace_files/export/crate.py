"""The results as a Workflow Run RO-Crate: who made what from what, in a vocabulary of others.

The profile is the Provenance Run Crate: a `CreateAction` for each job, with its inputs (`object`)
and outputs (`result`) by their hashes, and the rule that it ran (`instrument`); one for the whole
run. A crate is for reading elsewhere, so nothing in it is absolute, and no time is that of a clock.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_files.artifacts.provenance_path import RESULTS

CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate"),
)
LICENSE = "https://spdx.org/licenses/BSD-3-Clause"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
# The crate says what was made, not when: the same results have the same crate. The date that
# RO-Crate insists on is that of the layout of the crate.
DATE = "2026-01-01"
TYPES = {".json": "application/json", ".svg": "image/svg+xml", ".md": "text/markdown"}
TYPES |= {".parquet": "application/vnd.apache.parquet", ".html": "text/html"}


def crate_document(listed: dict, description: dict) -> dict:
    """Return the JSON-LD of a crate for `results/`, from its manifest.

    `description` holds the `name`, `description` and `version` of the workflow.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise InputError(
            "The crate needs the library rocrate, which the lock file leaves out; install it "
            "beside the others with: python -m pip install rocrate"
        ) from None

    crate = ROCrate()
    crate.name = f"Results of {description['name']}"
    crate.description = description["description"]
    crate.datePublished = DATE
    crate.license = LICENSE
    crate.metadata.extra_contexts.append(CONTEXT)
    crate.root_dataset["conformsTo"] = [_profile(crate, *each) for each in PROFILES]
    crate.metadata["conformsTo"] = [
        {"@id": "https://w3id.org/ro/crate/1.1"},
        {"@id": PROFILES[-1][0]},
    ]
    workflow = _add_workflow(crate, description, listed["steps"])
    _add_files(crate, listed)
    _add_actions(crate, listed, workflow)
    return _canonical(crate.metadata.generate())


def _profile(crate, url: str, name: str):
    return _add(crate, url, {"@type": "CreativeWork", "name": name, "version": url.split("/")[-1]})


def _add(crate, identifier: str, properties: dict):
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties=properties))


def _add_workflow(crate, description: dict, steps: dict):
    """Add the workflow, of which the crate holds the description and the hashes, not the text."""
    _add(crate, LANGUAGE, {"@type": "ComputerLanguage", "name": "Snakemake"})
    tools = [
        _add(
            crate,
            f"#step-{name}",
            {
                "@type": "SoftwareApplication",
                "name": name,
                "identifier": step["fingerprint"],
                "softwareRequirements": [f"{k} {v}" for k, v in sorted(step["versions"].items())],
            },
        )
        for name, step in sorted(steps.items())
    ]
    return _add(
        crate,
        "#workflow",
        {
            "@type": ["SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": description["name"],
            "version": description["version"],
            "license": LICENSE,
            "programmingLanguage": {"@id": LANGUAGE},
            "hasPart": [{"@id": tool.id} for tool in tools],
        },
    )


def _add_files(crate, listed: dict) -> None:
    for path, entry in _files(listed):
        kind = TYPES.get(Path(path).suffix, "application/octet-stream")
        properties = {
            "name": path,
            "contentSize": str(entry["size"]),
            "sha256": entry["sha256"],
            "encodingFormat": kind,
        }
        # by its name alone: the crate is written beside the results, nothing is copied
        crate.add_file(dest_path=path, properties=properties)


def _files(listed: dict) -> Iterator[tuple[str, dict]]:
    """Yield the path below results/, size and hash of every file of a manifest."""
    for record in listed["artifacts"]:
        below = Path(record["artifact"]).relative_to(RESULTS)
        for name, entry in record["files"].items():
            yield (below / name).as_posix(), entry


def _add_actions(crate, listed: dict, workflow) -> None:
    """Add an action for each job, and one for the run; inputs from outside are named by hash."""
    inside = {record["artifact"]: record for record in listed["artifacts"]}
    actions, sources = [], {}
    for key, records in sorted(_jobs(listed).items()):
        first = records[0]
        objects = [ref for path in first["inputs"] for ref in _references(path, inside)]
        for path, sha256 in first["inputs"].items():
            if path not in inside:
                sources[path] = sha256
        action = {
            "@type": "CreateAction",
            "name": key,
            "instrument": {"@id": f"#step-{first['rule']}"},
            "object": objects,
            "result": [ref for each in records for ref in _references(each["artifact"], inside)],
            "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        }
        actions.append(_add(crate, f"#job-{key}", action))
    for path, sha256 in sorted(sources.items()):
        properties = {"@type": "CreativeWork", "name": path, "sha256": sha256}
        _add(crate, f"#input-{path}", properties)
    results = [{"@id": path} for path, _ in _files(listed)]
    run = {
        "@type": "CreateAction",
        "name": f"Run of {workflow['name']}",
        "instrument": {"@id": workflow.id},
        "object": [{"@id": f"#input-{path}"} for path in sorted(sources)],
        "result": results,
    }
    crate.root_dataset["mainEntity"] = workflow
    crate.root_dataset["mentions"] = [_add(crate, "#run", run), *actions]


def _references(path: str, inside: dict) -> list[dict]:
    """Return references to the files of an output, or to an input from outside results/."""
    if path not in inside:
        return [{"@id": f"#input-{path}"}]
    below = Path(path).relative_to(RESULTS)
    return [{"@id": (below / name).as_posix()} for name in inside[path]["files"]]


def _jobs(listed: dict) -> dict[str, list[dict]]:
    """Return the records of the artifacts by the job that made them."""
    jobs: dict[str, list[dict]] = {}
    for record in listed["artifacts"]:
        key = "/".join((record["rule"], *map(str, record["wildcards"].values())))
        jobs.setdefault(key, []).append(record)
    return jobs


def _canonical(document: dict) -> dict:
    """Return the document with its entities in the order of their names."""
    graph = sorted(document["@graph"], key=lambda entity: entity["@id"])
    return json.loads(json.dumps({**document, "@graph": graph}, sort_keys=True))
