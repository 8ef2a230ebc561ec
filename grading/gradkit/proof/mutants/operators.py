"""The operators: kinds of small changes to a function. Each yields replacements for one node of its syntax tree.

An expression is replaced by an expression, a statement by any number of statements. Strings are never changed: the
solution uses them for `_op` alone, whose text is free. The generator removes docstrings before.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

Replacement = ast.expr | list[ast.stmt]
Operator = Callable[[ast.AST, "Scope"], Iterator[Replacement]]


@dataclass(frozen=True)
class Scope:
    """What an operator may know of a node's surroundings.

    Attributes:
        names: The variables that have a value before the node, parameters first.
        parents: The nodes around it, the innermost first.
        next: The statement after it in the same block, if it is a statement that has one.
    """

    names: tuple[str, ...]
    parents: Sequence[ast.AST]
    next: ast.stmt | None = None

    @property
    def parent(self) -> ast.AST:
        return self.parents[0]


# --- numbers ---------------------------------------------------------------------------------------------------------

ARITHMETIC: tuple[type[ast.operator], ...] = (*(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.FloorDiv, ast.Mod),)


def replace_arithmetic(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a + b by a - b, a * b ..."""
    if isinstance(node, ast.BinOp):
        for other in ARITHMETIC:
            if not isinstance(node.op, other):
                yield ast.BinOp(node.left, other(), node.right)


def drop_operand(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a + b by a, and by b."""
    if isinstance(node, ast.BinOp):
        yield node.left
        yield node.right


def swap_operands(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a - b by b - a."""
    if isinstance(node, ast.BinOp):
        yield ast.BinOp(node.right, node.op, node.left)


def repeat_operand(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a * b by a * a, and by b * b."""
    if isinstance(node, ast.BinOp):
        yield ast.BinOp(node.left, node.op, node.left)
        yield ast.BinOp(node.right, node.op, node.right)


def regroup(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace (a + b) * c by a + b * c."""
    if isinstance(node, ast.BinOp):
        if isinstance(node.left, ast.BinOp):
            yield ast.BinOp(node.left.left, node.left.op, ast.BinOp(node.left.right, node.op, node.right))
        if isinstance(node.right, ast.BinOp):
            yield ast.BinOp(ast.BinOp(node.left, node.op, node.right.left), node.right.op, node.right.right)


def change_constant(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a number by 0, 1, -1, 2, its neighbours, its negative, and multiples of it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        value = node.value
        others = [0, 1, -1, 2, value + 1, value - 1, -value, value * 2, value * 0.5, value * 1.01, value * 10]
        for other in dict.fromkeys(others):
            if other != value:
                yield ast.Constant(other)


def flip_constant(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace True by False, and None by a number or a truth value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
        yield ast.Constant(None)
    elif isinstance(node, ast.Constant) and node.value is None:
        for value in (0, -1, True):
            yield ast.Constant(value)


_NUMERIC = {"data", "grad", "lr", "momentum", "eps", "steps", "b", "size", "ndim"}
_NOT_NUMERIC = {
    *("isinstance", "range", "zip", "enumerate", "reversed", "tuple", "list", "set", "parameters", "step", "backward"),
    *("_backward", "append", "extend", "add", "pop", "zero_grad", "expand_dims", "argsort", "at", "Layer", "Neuron"),
}


def _is_number(node: ast.AST, scope: Scope) -> bool:
    """Return whether an expression may be a number, an array, a Value or a Tensor."""
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return False
    if isinstance(scope.parent, ast.Attribute) and scope.parent.attr in ("shape", "size", "ndim"):
        return False  # no arithmetic changes these
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        return not isinstance(getattr(node, "op", None), ast.Not)
    if isinstance(node, ast.Call):
        return _called(node) not in _NOT_NUMERIC
    if isinstance(node, ast.Attribute):
        return node.attr in _NUMERIC
    if isinstance(node, ast.Name):
        return isinstance(scope.parent, ast.BinOp | ast.Compare)
    return isinstance(node, ast.Subscript) and isinstance(scope.parent, ast.BinOp)


def _called(node: ast.Call) -> str:
    """Return the name of the called function or method, without what is before the dot."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def negate(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace x by -x, and by abs(x)."""
    if _is_number(node, scope):
        yield ast.UnaryOp(ast.USub(), _expression(node))
        yield _call("abs", _expression(node))


def scale(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace x by 2 * x, 1.01 * x and x + 1."""
    if _is_number(node, scope):
        for factor in (2, 1.01):
            yield ast.BinOp(ast.Constant(factor), ast.Mult(), _expression(node))
        yield ast.BinOp(_expression(node), ast.Add(), ast.Constant(1))


def drop_sign(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace -x, and `not x`, by x."""
    if isinstance(node, ast.UnaryOp):
        yield node.operand


# --- decisions -------------------------------------------------------------------------------------------------------

_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_IDENTITIES = (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)
_MEMBERSHIPS = (ast.In, ast.NotIn)


def replace_comparison(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a < b by a <= b ..., `is` by ==, and `in` by `not in`."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    for group in (_ORDERS, _IDENTITIES, _MEMBERSHIPS):
        if isinstance(node.ops[0], group):
            for other in group:
                if not isinstance(node.ops[0], other):
                    yield ast.Compare(node.left, [other()], node.comparators)


def replace_boolean(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace `a and b` by `a or b`, a and b."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values)
        yield from node.values


def change_condition(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a condition by its opposite, True and False."""
    is_condition = isinstance(scope.parent, ast.If | ast.While | ast.IfExp) and scope.parent.test is node
    is_filter = isinstance(scope.parent, ast.comprehension) and node in scope.parent.ifs
    if is_condition or is_filter or isinstance(node, ast.Compare | ast.BoolOp):
        yield ast.UnaryOp(ast.Not(), _expression(node))
        yield ast.Constant(True)
        yield ast.Constant(False)


def change_choice(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace `a if c else b` by a, b and `b if c else a`."""
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
        yield ast.IfExp(node.test, node.orelse, node.body)


# --- statements ------------------------------------------------------------------------------------------------------


def delete_statement(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Delete a statement; for a compound statement, also run its block without the condition or loop."""
    if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
        yield [ast.Pass()]
    if isinstance(node, ast.If | ast.For | ast.While):
        yield node.body


def repeat_statement(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Run a statement twice."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        yield [node, node]


def swap_statements(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Run a statement after the next one. The generator removes the next one from its old position."""
    if isinstance(node, ast.stmt) and scope.next and not isinstance(scope.next, ast.Return | ast.FunctionDef):
        yield [scope.next, node]


def return_before(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Return before a statement."""
    if isinstance(node, ast.stmt) and not isinstance(node, ast.Return | ast.FunctionDef):
        yield [ast.Return(None)]


def change_assignment(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace x += y by x = y, x -= y, x = x + y ..., and x = y by x += y."""
    if isinstance(node, ast.AugAssign):
        target = node.target
        yield [ast.Assign([target], node.value)]
        for other in ARITHMETIC:
            if not isinstance(node.op, other):
                yield [ast.AugAssign(target, other(), node.value)]
        load = deepcopy(target)
        load.ctx = ast.Load()
        yield [ast.Assign([target], ast.BinOp(load, node.op, node.value))]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript | ast.Name):
        for operator in (ast.Add, ast.Sub, ast.Mult):
            yield [ast.AugAssign(node.targets[0], operator(), node.value)]
        if isinstance(node.value, ast.BinOp):
            yield [ast.AugAssign(node.targets[0], node.value.op, node.value.right)]


def change_result(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Return something else: None, 0, or one of the variables."""
    if isinstance(node, ast.Return) and node.value is not None:
        for value in (ast.Constant(None), ast.Constant(0), *map(_name, scope.names)):
            yield [ast.Return(value)]


# --- loops -----------------------------------------------------------------------------------------------------------


def change_iteration(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Shorten a loop to no round, one round, or all but the first or last; reverse it; run it twice; stop after 32."""
    if isinstance(scope.parent, ast.For | ast.comprehension) and scope.parent.iter is node:
        rounds = _call("list", _expression(node))
        yield ast.List([], ast.Load())
        for lower, upper, step in (
            (None, 1, None),
            (1, None, None),
            (None, -1, None),
            (None, None, -1),
            (None, 32, None),
        ):
            bounds = [ast.Constant(bound) if bound is not None else None for bound in (lower, upper, step)]
            yield ast.Subscript(rounds, ast.Slice(*bounds), ast.Load())
        yield ast.BinOp(rounds, ast.Add(), rounds)


def leave_loop(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Leave a loop, or start its next round, before or after a statement; replace `break` by `continue`."""
    if isinstance(node, ast.Continue):
        yield [ast.Break()]
    elif isinstance(node, ast.Break):
        yield [ast.Continue()]
    elif isinstance(node, ast.stmt) and _is_in_loop(scope):
        for jump in (ast.Break(), ast.Continue()):
            yield [jump]
            yield [node, jump]


def _is_in_loop(scope: Scope) -> bool:
    for parent in scope.parents:
        if isinstance(parent, ast.FunctionDef):
            return False
        if isinstance(parent, ast.For | ast.While):
            return True
    return False


# --- calls -----------------------------------------------------------------------------------------------------------

_ALIKE = (
    ("exp", "log", "tanh", "sqrt", "sin", "expm1", "log1p"),
    ("max", "min", "sum", "mean"),
    ("maximum", "minimum"),
    ("zeros_like", "ones_like", "copy"),
    ("zeros", "ones"),
    ("append", "remove"),
    ("asarray", "array"),
    ("relu", "tanh", "sigmoid"),
    ("abs", "max", "float", "int"),
    ("reversed", "list", "set"),
    ("argsort", "argmax"),
    ("uniform", "gauss"),
    ("zero_grad", "backward"),
)
"""Groups of functions and methods that students confuse."""


def replace_function(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace math.exp(x) by math.log(x), math.tanh(x) ..."""
    if not isinstance(node, ast.Call):
        return
    name = _called(node)
    others = dict.fromkeys(other for group in _ALIKE if name in group for other in group if other != name)
    for other in others:
        func = _name(other) if isinstance(node.func, ast.Name) else ast.Attribute(node.func.value, other, ast.Load())  # type: ignore[attr-defined]
        yield ast.Call(func, node.args, node.keywords)


def drop_call(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace f(x) by x, x.f() by x, and f() by f."""
    if isinstance(node, ast.Call):
        yield from (argument for argument in node.args if not isinstance(argument, ast.Starred))
        if isinstance(node.func, ast.Attribute):
            yield node.func.value
        yield node.func


def change_arguments(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace f(a, b) by f(a), f(b, a) and f(a, a). A string among the arguments stays."""
    if not isinstance(node, ast.Call):
        return
    indices = [index for index, argument in enumerate(node.args) if not _is_text(argument)]
    for index in indices:
        yield ast.Call(node.func, node.args[:index] + node.args[index + 1 :], node.keywords)
        for other in indices:
            changed = list(node.args)
            if other != index:
                changed[index] = node.args[other]
                yield ast.Call(node.func, changed, node.keywords)
            if other > index:
                changed = list(node.args)
                changed[index], changed[other] = node.args[other], node.args[index]
                yield ast.Call(node.func, changed, node.keywords)


def change_keywords(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace f(axis=1) by f(), f(axis=0), f(axis=-1) and f(axis=None)."""
    if isinstance(node, ast.Call):
        for index, keyword in enumerate(node.keywords):
            yield ast.Call(node.func, node.args, node.keywords[:index] + node.keywords[index + 1 :])
            if keyword.arg == "axis":
                for axis in (0, 1, -1, None):
                    changed = [*node.keywords]
                    changed[index] = ast.keyword("axis", ast.Constant(axis))
                    yield ast.Call(node.func, node.args, changed)


def call_twice(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace f(x) by f(f(x)), and x.f() by x.f().f()."""
    if isinstance(node, ast.Call) and len(node.args) <= 1 and _called(node) not in _NOT_NUMERIC:
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
            yield ast.Call(node.func, [node], node.keywords)
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name):
            yield ast.Call(ast.Attribute(node, node.func.attr, ast.Load()), node.args, node.keywords)


# --- names and containers --------------------------------------------------------------------------------------------


def replace_variable(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace a variable by another one that has a value."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.names:
        yield from (_name(other) for other in scope.names if other != node.id)


_NEAR = (
    *(("data", "grad"), ("m", "v"), ("lr", "momentum", "eps"), ("w", "b"), ("weights", "biases")),
    *(("shape", "size", "ndim"), ("inputs", "targets"), ("grad", "_backward"), ("velocities", "parameters")),
)
"""Groups of attributes that students confuse."""


def replace_attribute(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace x.data by x.grad; replace x.data and x[0] by x."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        for group in _NEAR:
            if node.attr in group:
                yield from (ast.Attribute(node.value, other, ast.Load()) for other in group if other != node.attr)
        if node.attr in _NUMERIC and not isinstance(scope.parent, ast.Call):
            yield node.value
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield node.value


def replace_target(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace self.grad = x by other.grad = x, and by self.data = x."""
    if isinstance(node, ast.Assign | ast.AugAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Attribute):
            near = [other for group in _NEAR if target.attr in group for other in group if other != target.attr]
            others = [ast.Attribute(target.value, other, ast.Store()) for other in near]
            if isinstance(target.value, ast.Name):
                names = [name for name in scope.names if name != target.value.id]
                others += [ast.Attribute(_name(name), target.attr, ast.Store()) for name in names]
            for other in others:
                if isinstance(node, ast.Assign):
                    yield [ast.Assign([other], node.value)]
                else:
                    yield [ast.AugAssign(other, node.op, node.value)]


def change_container(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Make another kind of a list, tuple or comprehension; remove or repeat an element; reverse it."""
    if isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
        if isinstance(scope.parent, ast.Slice | ast.Subscript):
            return
        for kind in (ast.List, ast.Tuple):
            if not isinstance(node, kind):
                yield kind(node.elts, ast.Load())
        if node.elts:
            yield ast.Set(node.elts)
        for index in range(len(node.elts)):
            yield type(node)(node.elts[:index] + node.elts[index + 1 :], ast.Load())
            yield type(node)([*node.elts, node.elts[index]], ast.Load())
        if len(node.elts) > 1:
            yield type(node)(node.elts[::-1], ast.Load())
    if isinstance(node, ast.ListComp):
        yield ast.GeneratorExp(node.elt, node.generators)
        yield ast.SetComp(node.elt, node.generators)
        yield _call("tuple", node)
        yield ast.Subscript(node, ast.Slice(None, None, ast.Constant(-1)), ast.Load())
        alone = _nothing_of_the_loops(node)
        if alone:  # [Neuron(nin)] * nout, which makes one neuron
            rounds = _call("len", _call("list", node.generators[0].iter))
            yield ast.BinOp(ast.List([node.elt], ast.Load()), ast.Mult(), rounds)


def _nothing_of_the_loops(node: ast.ListComp) -> bool:
    """Return whether the element of a comprehension uses no variable of its loops."""
    loops = {name.id for each in node.generators for name in ast.walk(each.target) if isinstance(name, ast.Name)}
    return not any(isinstance(name, ast.Name) and name.id in loops for name in ast.walk(node.elt))


def change_slice(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Replace x[:, None] by x[None, :], x[0] by x[-1], and x[..., None] by x[None]."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    if isinstance(node.slice, ast.Tuple):
        elements = node.slice.elts
        shorter = [elements[:left_out] + elements[left_out + 1 :] for left_out in range(len(elements))]
        for changed in (elements[::-1], *shorter):
            index = ast.Tuple(changed, ast.Load()) if len(changed) != 1 else changed[0]
            yield ast.Subscript(node.value, index, ast.Load())
    elif not isinstance(node.slice, ast.Slice):
        for element in (0, -1):
            yield ast.Subscript(node.value, ast.Constant(element), ast.Load())


def copy_or_share(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """Store list(x) and tuple(x) instead of x."""
    if isinstance(node, ast.Name) and isinstance(scope.parent, ast.Assign) and scope.parent.value is node:
        yield _call("list", node)
        yield _call("tuple", node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _call(name: str, argument: ast.expr) -> ast.Call:
    return ast.Call(_name(name), [argument], [])


def _expression(node: ast.AST) -> ast.expr:
    assert isinstance(node, ast.expr)
    return node


OPERATORS: dict[str, Operator] = {
    "arithmetic": replace_arithmetic,
    "drop an operand": drop_operand,
    "swap operands": swap_operands,
    "repeat an operand": repeat_operand,
    "regroup": regroup,
    "constant": change_constant,
    "truth value": flip_constant,
    "sign": negate,
    "scale": scale,
    "drop a sign": drop_sign,
    "comparison": replace_comparison,
    "and, or": replace_boolean,
    "condition": change_condition,
    "choice": change_choice,
    "delete a statement": delete_statement,
    "repeat a statement": repeat_statement,
    "swap statements": swap_statements,
    "return early": return_before,
    "assignment": change_assignment,
    "result": change_result,
    "iteration": change_iteration,
    "leave a loop": leave_loop,
    "function": replace_function,
    "drop a call": drop_call,
    "arguments": change_arguments,
    "keywords": change_keywords,
    "call twice": call_twice,
    "variable": replace_variable,
    "attribute": replace_attribute,
    "target": replace_target,
    "container": change_container,
    "slice": change_slice,
    "copy": copy_or_share,
}
"""All operators by name. A mutant that two of them make counts for the first."""
