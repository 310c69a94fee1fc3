"""Which files and which lines of code are a model's own, and which are those of libraries."""

import os
import site
import sys
import sysconfig
import tempfile
from functools import cache

_COMPILED = (".pyc", ".pyo", ".nbi", ".nbc")
_SYSTEM = tuple(f"{each}{os.sep}" for each in ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib"))
# modules of Python's own that ask a program about the machine
_ASKING = ("platform.py", "uuid.py", os.path.join("ctypes", "util.py"))


@cache
def packages() -> tuple[str, ...]:
    """Return the folders of installed packages, each ending in a separator."""
    paths = sysconfig.get_paths()
    found = {paths["purelib"], paths["platlib"], *site.getsitepackages()}
    return _folders((*found, site.getusersitepackages()))


@cache
def installed() -> tuple[str, ...]:
    """Return the folders of installed packages and of Python itself."""
    below = ("lib", "lib64", "share", "etc", "bin", "include")
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    paths = sysconfig.get_paths()
    own = [os.path.join(prefix, name) for prefix in prefixes for name in below]
    return packages() + _folders((paths["stdlib"], paths["platstdlib"], *own))


@cache
def adapters() -> str:
    """Return the folder of this project's own adapters to other libraries."""
    return _folders([os.path.join(os.path.dirname(__file__), "..", "laplace_adapters")])[0]


def _folders(paths) -> tuple[str, ...]:
    both = [real for path in paths for real in (os.path.abspath(path), os.path.realpath(path))]
    return tuple(dict.fromkeys(os.path.join(path, "") for path in both))


def is_compiled(path: str) -> bool:
    """Return whether a file is what a compiler keeps beside the source."""
    return path.endswith(_COMPILED) or f"{os.sep}__pycache__{os.sep}" in path


def is_cache(path: str) -> bool:
    """Return whether a path lies where libraries keep settings and what they have compiled.

    That is a hidden folder of the home, or one that a variable of the environment names a cache.
    """
    home = os.path.expanduser("~")
    if path.startswith(os.path.join(home, ".")):
        return True
    named = [value for name, value in os.environ.items() if "CACHE" in name and os.sep in value]
    return path.startswith(_folders(named)) if named else False


def is_temporary(path: str) -> bool:
    """Return whether a path lies in the folder of temporary files."""
    return os.path.join(path, "").startswith(_folders([tempfile.gettempdir()]))


def is_near(path: str, folders) -> bool:
    """Return whether a path is below one of these folders, the home and the root apart."""
    wide = (os.sep, os.path.expanduser("~"))
    return path.startswith(_folders(folder for folder in folders if folder not in wide))


def is_of_the_model(path: str, folders) -> bool:
    """Return whether what is in a file is the model's own affair, and not that of a library.

    Whatever lies below `folders` (the working directory and that of the model) is, unless packages
    are installed there, or the folder is the home or the root; elsewhere what is not the system's
    and not in a cache.
    """
    if is_compiled(path) or path.startswith(installed()):
        return False
    return is_near(path, folders) or not (path.startswith(_SYSTEM) or is_cache(path))


class Caller:
    """Who asks for something: the innermost line of the model, and what lies between.

    `line` is "FILE, line N", or None where no line of the model is at work; `imports` whether a
    library is being imported for it, `library` and `adapter` whether code of one asks in its place,
    `asking` whether Python's own code does that asks about the machine, and `showing` whether it
    looks up lines of code to show them.
    """

    def __init__(self, frame, own):
        self.line, self.imports = None, False
        self.library = self.adapter = self.asking = self.showing = False
        while frame is not None and self.line is None:
            name = frame.f_code.co_filename
            if name in own:
                self.line = f"{name}, line {frame.f_lineno}"
            elif name.startswith("<frozen importlib"):
                self.imports = True
            elif name.startswith(adapters()):
                self.adapter = True
            elif name.startswith(packages()):
                self.library = True
            elif name.endswith(_ASKING) and name.startswith(installed()):
                self.asking = True
            elif name.endswith("linecache.py") and name.startswith(installed()):
                self.showing = True
            frame = frame.f_back
