"""The rooms of a package from the ground up, as the docstring of the package lists them."""

import ast
import re

from project_copy import PROJECT


def rooms_in_order(package: str) -> tuple[str, ...]:
    """Return the names that stand first on the indented lines of the docstring."""
    file = PROJECT / "workflow" / "scripts" / package / "__init__.py"
    text = ast.get_docstring(ast.parse(file.read_text("utf-8")))
    return tuple(re.findall(r"^    (\w+) ", text, re.MULTILINE))
