"""What a setting of a sweep changes: a name, a number, or a place in a definition."""

from copy import deepcopy

from laplace_approx.errors import InputError
from laplace_approx.nearest import suggestion

DEFINITIONS = ("prior", "space", "grid")  # named in the base case, and open to a path below
NUMBERS = ("seed", "n_draws", "tolerance", "replicate")
EVERY = "*"


def check_setting(setting: str, where: str) -> None:
    """Refuse the name of a setting that changes nothing."""
    head, *path = setting.split(".")
    known = (*DEFINITIONS, *NUMBERS)
    if head not in known:
        raise InputError(f"{where}: there is no setting {head!r}; {suggestion(head, known)}")
    if path and head not in DEFINITIONS:
        raise InputError(f"{where}: {head} is a number and has nothing below it; write {head}")
    if not all(path):
        raise InputError(f"{where}: two dots with nothing between them, or one at the end")


def place(definition, path: list[str], value, where: str):
    """Return a copy of a definition with `value` at `path`.

    `*` stands for every key that is there. A step into a list is its index. A map that is not
    there yet is made, for its owner to accept or refuse; a step into anything else is refused.
    """
    copy = deepcopy(definition)
    _place(copy, path, value, where)
    return copy


def _place(node, path: list[str], value, where: str) -> None:
    step, *rest = path
    for key in _keys(node, step, where):
        if not rest:
            node[key] = deepcopy(value)
            continue
        if isinstance(node, dict):
            node.setdefault(key, {})
        _place(node[key], rest, value, where)


def _keys(node, step: str, where: str) -> list:
    if isinstance(node, dict):
        if step == EVERY and not node:
            raise InputError(f"{where}: * stands for every key, and there is none here")
        return list(node) if step == EVERY else [step]
    if isinstance(node, list):
        if step == EVERY:
            return list(range(len(node)))
        if step.isdecimal() and int(step) < len(node):
            return [int(step)]
        raise InputError(
            f"{where}: {step!r} is no index into a list of {len(node)}; they count from 0"
        )
    raise InputError(f"{where}: {node!r} has nothing below it, so no {step!r} either")
