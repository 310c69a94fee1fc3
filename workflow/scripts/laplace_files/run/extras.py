"""Packages that only some targets need, and that the default installation leaves out."""

from importlib import import_module

from laplace_approx.errors import InputError

# Target: its packages, by the names under which they are imported and installed.
EXTRAS = {
    "arviz": {
        "arviz_base": "arviz-base",
        "xarray": "xarray",
        "h5netcdf": "h5netcdf",
        "h5py": "h5py",
    },
    "nuts": {"nutpie": "nutpie"},
}


def require(target: str) -> None:
    """Raise InputError, with the command that installs them, if a target's packages are missing."""
    if said := missing(target):
        raise InputError(said)


def missing(target: str) -> str | None:
    """Return which packages of a target are missing, with the command that installs them; None
    where none is."""
    absent = [name for module, name in EXTRAS[target].items() if not _imports(module)]
    if not absent:
        return None
    return (
        f"the target {target} needs {', '.join(absent)}, which the default installation "
        f"leaves out. Install them with: make extra NAME={target}"
    )


def _imports(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True
