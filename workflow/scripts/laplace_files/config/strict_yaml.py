"""YAML as its author meant it: what the standard loader changes or drops in silence is an error.

PyYAML follows YAML 1.1: `no` is false, `012` ten, `1:30` ninety, `1_000` a thousand, a bare date
a date object, a repeated key replaces the first, and the key `1.10` is the number 1.1. None of
that is let through here. Nothing is ever constructed but maps, lists, text, numbers, booleans and
null; size, depth, aliases and the number of nodes are bounded before anything is built.
"""

import re
from collections import deque

import yaml

from laplace_approx.errors import InputError
from laplace_approx.words.numerals import SMALLEST, vanishes
from laplace_files.models.data import read_text

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_ALIASES = 16
MAX_NODES = 100_000

_TAG = "tag:yaml.org,2002:"
_PLAIN_SPELLINGS = {
    "bool": (re.compile(r"true|false|True|False|TRUE|FALSE"), "write true or false"),
    "int": (re.compile(r"[-+]?(0|[1-9][0-9]{0,99})"), "write a plain decimal number"),
    "float": (
        re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"),
        "write a plain finite decimal number",
    ),
    "null": (re.compile(r".*"), ""),
    "str": (re.compile(r".*", re.DOTALL), ""),
}
# YAML 1.2 reads these as text. The key `on` is one of the configuration's own.
_TEXT_KEYS = {"on": "on"}
# Ends of lines to YAML 1.1, and characters of a line to YAML 1.2 and to most editors.
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")


def load(path) -> dict:
    """Return the mapping in the YAML (or JSON) file at `path`.

    Raises `InputError`, one paragraph with file and line, for anything that is not one document
    with a mapping of text keys on top, and for every value whose spelling YAML 1.1 reads as
    something else.
    """
    text = read_text(path, MAX_BYTES)
    try:
        loader = _Reader(_checked_events(path, text))
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(path, error) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _error(path, line, f"the character {chr(error.character)!r} is not allowed") from None
    if node is None:
        raise InputError(f"{path}: is empty; a mapping of keys to values is due")
    if not isinstance(node, yaml.MappingNode):
        raise _error(path, _line(node), "a mapping of keys to values is due at the top level")
    return _Builder(path, loader).build(node, "", 0)


class _Reader(yaml.composer.Composer, yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
    """What makes nodes and values of events, as SafeLoader does, without parsing twice."""

    def __init__(self, events: list[yaml.Event]):
        yaml.composer.Composer.__init__(self)
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.Resolver.__init__(self)
        self._events = deque(events)

    def check_event(self, *kinds) -> bool:
        return bool(self._events) and isinstance(self._events[0], kinds or yaml.Event)

    def peek_event(self) -> yaml.Event:
        return self._events[0]

    def get_event(self) -> yaml.Event:
        return self._events.popleft()


def _checked_events(path, text: str) -> list[yaml.Event]:  # noqa: C901
    """Refuse, from the stream of events and so before any recursion, what must not be built.

    Many branches: one for each thing that is refused.
    """
    odd = _ODD_BREAK.search(text)
    if odd:
        number = text.count("\n", 0, odd.start()) + 1
        code = f"U+{ord(odd[0]):04X}"
        raise _error(path, number, f"holds {code}, the end of a line to some readers; remove it")
    for number, line in enumerate(text.split("\n"), start=1):
        if "\t" in line[: len(line) - len(line.lstrip())] and line.strip():
            raise _error(path, number, "is indented with a tab; indent with spaces")
    depth = aliases = documents = 0
    events = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if documents > 1:
            raise _error(path, line, "a second document begins; one file holds one document")
        if depth > MAX_DEPTH:
            raise _error(path, line, f"is nested more than {MAX_DEPTH} levels deep")
        if aliases > MAX_ALIASES:
            raise _error(path, line, f"has more than {MAX_ALIASES} aliases (*name); write it out")
        if getattr(event, "tag", None) is not None:
            raise _error(path, line, f"the tag {event.tag!r} is not allowed; write plain values")
        events.append(event)
    return events


class _Builder:
    """Builds plain values from nodes, with the path of keys at hand for the messages."""

    def __init__(self, path, loader: _Reader):
        self.path = path
        self.loader = loader
        self.n_nodes = 0

    def build(self, node: yaml.Node, where: str, depth: int):
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:
            raise _error(self.path, _line(node), f"has more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise _error(self.path, _line(node), f"an alias nests {where[:60]!r} without end")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, where)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.build(item, f"{where}[{i}]", depth + 1) for i, item in items]
        return self._mapping(node, where, depth)

    def _mapping(self, node: yaml.MappingNode, where: str, depth: int) -> dict:
        result, lines = {}, {}
        for key_node, value_node in node.value:
            key = self._key(key_node, where)
            inner = f"{where}.{key}" if where else key
            if key in result:
                message = f"the key {inner[:200]!r} is given twice (first in line {lines[key]})"
                raise _error(self.path, _line(key_node), message)
            lines[key] = _line(key_node)
            result[key] = self.build(value_node, inner, depth + 1)
        return result

    def _key(self, node: yaml.Node, where: str) -> str:
        place = f"under {where!r}" if where else "at the top level"
        if not isinstance(node, yaml.ScalarNode):
            raise _error(self.path, _line(node), f"a key {place} is a list or a map, not text")
        if node.tag == _TAG + "merge":
            message = f"the merge key '<<' {place} hides which values hold; write them out"
            raise _error(self.path, _line(node), message)
        if node.tag == _TAG + "bool" and node.value in _TEXT_KEYS:
            return _TEXT_KEYS[node.value]
        if node.tag != _TAG + "str":
            message = f"the key {node.value[:60]} {place} is read as {self._meaning(node)}"
            raise _error(self.path, _line(node), f'{message}; quote it: "{node.value[:60]}"')
        return node.value

    def _scalar(self, node: yaml.ScalarNode, where: str):
        kind = node.tag.removeprefix(_TAG)
        spelling, advice = _PLAIN_SPELLINGS.get(kind, (None, ""))
        if spelling is None or not spelling.fullmatch(node.value):
            advice = f"{advice}, or quote it" if advice else "quote it"
            message = f"{where}: {node.value[:60]} is read as {self._meaning(node)}; {advice}"
            raise _error(self.path, _line(node), message)
        if kind == "float" and vanishes(node.value):
            message = f"{where}: {node.value[:60]} is read as 0, being below {SMALLEST}; write 0"
            raise _error(self.path, _line(node), f"{message}, or a number above that")
        return self.loader.construct_object(node)

    def _meaning(self, node: yaml.ScalarNode) -> str:
        kind = node.tag.removeprefix(_TAG)
        if kind == "null":
            return "nothing (null)"
        try:
            return f"the {_KINDS[kind]} {self.loader.construct_object(node)}"
        except (yaml.YAMLError, KeyError, ValueError):
            return f"a YAML {kind!r}"


_KINDS = {"bool": "truth value", "int": "number", "float": "number", "timestamp": "date"}


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _error(path, line: int, problem: str) -> InputError:
    return InputError(f"{path}, line {line}: {problem}")


def _syntax_error(path, error: yaml.MarkedYAMLError) -> InputError:
    mark = error.problem_mark or error.context_mark
    context = f" ({error.context})" if error.context else ""
    return _error(
        path, mark.line + 1 if mark else 1, f"is not YAML: {error.problem:.200}{context:.200}"
    )
