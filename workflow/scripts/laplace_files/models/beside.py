"""The modules beside a model file that it imports: found in its text, and importable only so.

What a model imports from its own folder is part of the model: it must be hashed with it. The
imports are read from the source, without running anything; while the model file runs, exactly the
modules found so can be imported from its folder, from their text (never from bytecode, none of
which is read or written), and none of them stays behind in `sys.modules`.
"""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from laplace_approx.errors import InputError
from laplace_files.models.data import read_text

MAX_SOURCE_BYTES = 1024 * 1024


def local_modules(path) -> dict[str, Path]:
    """Return the modules beside `path` that it imports, transitively: dotted name to file.

    `NAME.py` is a module; of a package `NAME/` every `.py` file is taken. Raises `InputError`
    for a file that is not Python, and for an import within a function: by the time that it ran,
    the folder could no longer be imported from.
    """
    folder = Path(path).parent
    found: dict[str, Path] = {}
    waiting = [Path(path)]
    while waiting:
        source = waiting.pop()
        for name, line, at_top in _imports(source):
            modules = _modules_of(folder, name)
            if modules and not at_top:
                message = f"import {name!r} at the top of the file, not within a function"
                raise InputError(f"{source}, line {line}: {message}")
            waiting.extend(file for module, file in modules.items() if module not in found)
            found |= modules
    return dict(sorted(found.items()))


def run_module(name: str, path, beside: dict[str, Path]) -> ModuleType:
    """Run the file as a module of this name that can import those beside it, and return it.

    `sys.modules` and the import system are left as they were.
    """
    own = {name: Path(path)}
    with _importable(own | beside):
        spec = spec_from_file_location(name, path, loader=_TextLoader(path))
        module = module_from_spec(spec)
        # Python itself looks the running module up there (dataclasses, named tuples).
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return module


@contextmanager
def _importable(modules: dict[str, Path]) -> Iterator[None]:
    """Let these modules be imported, from these files, within the block and no longer."""
    finder = _Finder(modules)
    hidden = _take_out(modules)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _take_out(modules)
        sys.modules.update(hidden)


class _TextLoader(SourceLoader):
    """Loads a module from its text; it knows no times of files, and so no bytecode."""

    def __init__(self, path):
        self.path = str(path)

    def get_filename(self, fullname):
        return self.path

    def get_data(self, path):
        return Path(path).read_bytes()


class _Finder(MetaPathFinder):
    """Finds the modules that it is given, and no others."""

    def __init__(self, modules: dict[str, Path]):
        self.modules = modules

    def find_spec(self, fullname, path=None, target=None):
        file = self.modules.get(fullname)
        if file is None:
            return None
        folders = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _TextLoader(file)
        return spec_from_file_location(
            fullname, file, loader=loader, submodule_search_locations=folders
        )


def _take_out(modules: dict[str, Path]) -> dict:
    """Remove these modules and what is below them from `sys.modules`, and return them."""
    tops = {name.partition(".")[0] for name in modules}
    names = [name for name in sys.modules if name.partition(".")[0] in tops]
    return {name: sys.modules.pop(name) for name in names}


def _modules_of(folder: Path, name: str) -> dict[str, Path]:
    package = folder / name
    if (package / "__init__.py").is_file():
        files = sorted(package.rglob("*.py"))
        return {_dotted(file.relative_to(folder)): file for file in files}
    file = folder / f"{name}.py"
    return {name: file} if file.is_file() else {}


def _dotted(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(source: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield the top-level name, the line, and whether it runs with the file, of each import."""
    waiting: list[tuple[ast.AST, bool]] = [(_parse(source), True)]
    while waiting:
        node, at_top = waiting.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno, at_top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.lineno, at_top
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting.extend((child, at_top and not inside) for child in ast.iter_child_nodes(node))


def _parse(path) -> ast.Module:
    try:
        return ast.parse(read_text(path, MAX_SOURCE_BYTES), filename=str(path))
    except SyntaxError as error:
        raise InputError(f"{path}, line {error.lineno or 1}: is not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{path}: is not Python: {error}") from None
