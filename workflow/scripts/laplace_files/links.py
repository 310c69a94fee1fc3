"""Links below a folder of results that lead out of it: nothing is written through them."""

import os
from pathlib import Path

from laplace_approx.errors import InputError


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
