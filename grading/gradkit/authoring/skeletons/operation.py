"""Write the skeleton of an operation: a row of the table in gradkit/inside/operations.py."""

from __future__ import annotations

import ast
from pathlib import Path

from gradkit.catalogue.home import course_home
from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.inside.operations import OPERATIONS
from gradkit.proof.specimens import reference_folder

from .names import NameRefusedError, check_identifier


def write_operation(name: str, text: str, complex_text: str, torch_text: str) -> Path:
    """Insert a row for a function of one operand at the end of the table of operations.

    Args:
        name: What a step of a graph calls the operation.
        text: How a student writes it: "{a}.sin()".
        complex_text: The same on complex numbers: "sin({a})"; an empty text to leave it out.
        torch_text: The same on PyTorch's tensors, such as "softplus({a})"; an empty text to leave it out.

    Returns:
        The file of the table.

    Raises:
        NameRefusedError: If the name is taken, or cannot be a name.
        UserError: If this is a release, or a text is not an expression of {a} alone.
    """
    reference_folder()  # raises UserError in a release, whose files are not to be edited
    check_identifier(name)
    if name in OPERATIONS:
        raise NameRefusedError(f"The table has an operation {name} already: choose another name.")
    for each in filter(None, (text, complex_text, torch_text)):
        _check_expression(each)

    path = course_home() / "grading" / "gradkit" / "inside" / "operations.py"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines.insert(_end_of_table(path, "".join(lines)), _row(name, text, complex_text, torch_text))
    write_whole(path, "".join(lines).encode())
    return path


def _row(name: str, text: str, complex_text: str, torch_text: str) -> str:
    """Return the row, with the domain on which functions stay moderate."""
    arguments = [f'"{name}"', f'"{text}"', "ATOM", "(ATOM,)"]
    if complex_text:
        arguments.append(f'complex="{complex_text}"')
    if torch_text:
        arguments.append(f'torch="{torch_text}"')
    arguments.append("domain=_SMALL")

    line = f"        Operation({', '.join(arguments)}),\n"
    if len(line.rstrip()) <= 120:
        return line
    return "        Operation(\n" + "".join(f"            {each},\n" for each in arguments) + "        ),\n"


def _check_expression(text: str) -> None:
    """Raise UserError if a text is not a Python expression of the operand {a} alone."""
    if "{b}" in text:
        raise UserError("Two operands: write the row by hand in inside/operations.py, like that of `pow`.")
    if "{k}" in text:
        raise UserError("A plain number: write the row by hand in inside/operations.py, like that of `pow_const`.")
    if "{a}" not in text or '"' in text:
        raise UserError(
            f'{text!r} does not use the operand: write it as {{a}}, as in "{{a}}.sin()", without double quotes.'
        )
    try:
        compile(text.format(a="a"), "operation", "eval")
    except (SyntaxError, LookupError, ValueError) as error:
        raise UserError(f"{text!r} is not an expression of {{a}}: {error}.") from None


def _end_of_table(path: Path, source: str) -> int:
    """Return the number of the last line of the table's last row, counted from 1."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "OPERATIONS":
            rows = [each for each in ast.walk(node) if isinstance(each, ast.Tuple) and _is_row(each.elts[:1])]
            if len(rows) == 1:
                return rows[0].elts[-1].end_lineno or 0
    raise UserError(f"{path} has no table OPERATIONS that rows could be added to.")


def _is_row(nodes: list[ast.expr]) -> bool:
    """Return whether the first element of a tuple is a call of Operation."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Operation" for node in nodes
    )
