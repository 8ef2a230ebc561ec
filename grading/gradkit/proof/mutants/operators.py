"""The operators: kinds of small changes to a function, as generators of replacements for one node of its syntax tree.

An expression is replaced by an expression, a statement by any number of statements. Strings are never changed, because
the solution uses them for docstrings and for `_op`, whose text is free.
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
    """a + b becomes a - b, a * b ..."""
    if isinstance(node, ast.BinOp):
        for other in ARITHMETIC:
            if not isinstance(node.op, other):
                yield ast.BinOp(node.left, other(), node.right)


def drop_operand(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """a + b becomes a, or b."""
    if isinstance(node, ast.BinOp):
        yield node.left
        yield node.right


def swap_operands(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """a - b becomes b - a."""
    if isinstance(node, ast.BinOp):
        yield ast.BinOp(node.right, node.op, node.left)


def repeat_operand(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """a * b becomes a * a, or b * b."""
    if isinstance(node, ast.BinOp):
        yield ast.BinOp(node.left, node.op, node.left)
        yield ast.BinOp(node.right, node.op, node.right)


def regroup(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """(a + b) * c becomes a + b * c."""
    if isinstance(node, ast.BinOp):
        if isinstance(node.left, ast.BinOp):
            yield ast.BinOp(node.left.left, node.left.op, ast.BinOp(node.left.right, node.op, node.right))
        if isinstance(node.right, ast.BinOp):
            yield ast.BinOp(ast.BinOp(node.left, node.op, node.right.left), node.right.op, node.right.right)


def change_constant(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A number becomes 0, 1, -1, one more, one less, its negative, or off by a factor."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        value = node.value
        others = [0, 1, -1, 2, value + 1, value - 1, -value, value * 2, value * 0.5, value * 1.01, value * 10]
        for other in dict.fromkeys(others):
            if other != value:
                yield ast.Constant(other)


def flip_constant(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """True becomes False, and None becomes a number or a truth value."""
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
    """Return the last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def negate(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """x becomes -x, abs(x)."""
    if _is_number(node, scope):
        yield ast.UnaryOp(ast.USub(), _expression(node))
        yield _call("abs", _expression(node))


def scale(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """x becomes 2 * x, 1.01 * x, x + 1."""
    if _is_number(node, scope):
        for factor in (2, 1.01):
            yield ast.BinOp(ast.Constant(factor), ast.Mult(), _expression(node))
        yield ast.BinOp(_expression(node), ast.Add(), ast.Constant(1))


def drop_sign(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """-x becomes x, and `not x` becomes x."""
    if isinstance(node, ast.UnaryOp):
        yield node.operand


# --- decisions -------------------------------------------------------------------------------------------------------

_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_IDENTITIES = (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)
_MEMBERSHIPS = (ast.In, ast.NotIn)


def replace_comparison(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """a < b becomes a <= b ...; `is` becomes ==, `in` becomes `not in`."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    for group in (_ORDERS, _IDENTITIES, _MEMBERSHIPS):
        if isinstance(node.ops[0], group):
            for other in group:
                if not isinstance(node.ops[0], other):
                    yield ast.Compare(node.left, [other()], node.comparators)


def replace_boolean(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """a and b becomes `a or b`, a, b."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values)
        yield from node.values


def change_condition(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A condition becomes its opposite, True, or False."""
    is_condition = isinstance(scope.parent, ast.If | ast.While | ast.IfExp) and scope.parent.test is node
    is_filter = isinstance(scope.parent, ast.comprehension) and node in scope.parent.ifs
    if is_condition or is_filter or isinstance(node, ast.Compare | ast.BoolOp):
        yield ast.UnaryOp(ast.Not(), _expression(node))
        yield ast.Constant(True)
        yield ast.Constant(False)


def change_choice(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """`a if c else b` becomes a, b, `b if c else a`."""
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
        yield ast.IfExp(node.test, node.orelse, node.body)


# --- statements ------------------------------------------------------------------------------------------------------


def delete_statement(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A statement goes; what is inside a block stays without it."""
    if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
        yield [ast.Pass()]
    if isinstance(node, ast.If | ast.For | ast.While):
        yield node.body


def repeat_statement(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A statement is done twice."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        yield [node, node]


def swap_statements(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A statement is done after the next one. The generator leaves the next one out."""
    if isinstance(node, ast.stmt) and scope.next and not isinstance(scope.next, ast.Return | ast.FunctionDef):
        yield [scope.next, node]


def return_before(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """The function returns before a statement."""
    if isinstance(node, ast.stmt) and not isinstance(node, ast.Return | ast.FunctionDef):
        yield [ast.Return(None)]


def change_assignment(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """x += y becomes x = y, x -= y, x = x + y ..., and x = y becomes x += y."""
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
    """The function returns another thing: None, 0, one of its variables."""
    if isinstance(node, ast.Return) and node.value is not None:
        for value in (ast.Constant(None), ast.Constant(0), *map(_name, scope.names)):
            yield [ast.Return(value)]


# --- loops -----------------------------------------------------------------------------------------------------------


def change_iteration(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A loop skips its first or last round, has none or one, or goes backwards."""
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
    """A loop is left, or goes on to the next round, before or after a statement. `break` becomes `continue`."""
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
"""Functions and methods that are easily taken for one another."""


def replace_function(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """math.exp(x) becomes math.log(x), math.tanh(x) ..."""
    if not isinstance(node, ast.Call):
        return
    name = _called(node)
    others = dict.fromkeys(other for group in _ALIKE if name in group for other in group if other != name)
    for other in others:
        func = _name(other) if isinstance(node.func, ast.Name) else ast.Attribute(node.func.value, other, ast.Load())  # type: ignore[attr-defined]
        yield ast.Call(func, node.args, node.keywords)


def drop_call(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """f(x) becomes x, x.f() becomes x, and f() becomes f."""
    if isinstance(node, ast.Call):
        yield from (argument for argument in node.args if not isinstance(argument, ast.Starred))
        if isinstance(node.func, ast.Attribute):
            yield node.func.value
        yield node.func


def change_arguments(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """f(a, b) becomes f(a), f(b, a), f(a, a). A text among the arguments stays."""
    if not isinstance(node, ast.Call):
        return
    places = [place for place, argument in enumerate(node.args) if not _is_text(argument)]
    for place in places:
        yield ast.Call(node.func, node.args[:place] + node.args[place + 1 :], node.keywords)
        for other in places:
            changed = list(node.args)
            if other != place:
                changed[place] = node.args[other]
                yield ast.Call(node.func, changed, node.keywords)
            if other > place:
                changed = list(node.args)
                changed[place], changed[other] = node.args[other], node.args[place]
                yield ast.Call(node.func, changed, node.keywords)


def change_keywords(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """f(axis=1) becomes f(), f(axis=0), f(axis=-1), f(axis=None)."""
    if isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            yield ast.Call(node.func, node.args, node.keywords[:place] + node.keywords[place + 1 :])
            if keyword.arg == "axis":
                for axis in (0, 1, -1, None):
                    changed = [*node.keywords]
                    changed[place] = ast.keyword("axis", ast.Constant(axis))
                    yield ast.Call(node.func, node.args, changed)


def call_twice(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """f(x) becomes f(f(x)), and x.f() becomes x.f().f()."""
    if isinstance(node, ast.Call) and len(node.args) <= 1 and _called(node) not in _NOT_NUMERIC:
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
            yield ast.Call(node.func, [node], node.keywords)
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name):
            yield ast.Call(ast.Attribute(node, node.func.attr, ast.Load()), node.args, node.keywords)


# --- names and containers --------------------------------------------------------------------------------------------


def replace_variable(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A variable becomes another one that has a value."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.names:
        yield from (_name(other) for other in scope.names if other != node.id)


_NEAR = (
    *(("data", "grad"), ("m", "v"), ("lr", "momentum", "eps"), ("w", "b"), ("weights", "biases")),
    *(("shape", "size", "ndim"), ("inputs", "targets"), ("grad", "_backward"), ("velocities", "parameters")),
)
"""Attributes that are easily taken for one another."""


def replace_attribute(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """x.data becomes x.grad; x.data and x[0] become x."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        for group in _NEAR:
            if node.attr in group:
                yield from (ast.Attribute(node.value, other, ast.Load()) for other in group if other != node.attr)
        if node.attr in _NUMERIC and not isinstance(scope.parent, ast.Call):
            yield node.value
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield node.value


def replace_target(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """self.grad = x becomes other.grad = x, and self.data = x."""
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
    """A list, a tuple or a comprehension becomes another kind, loses an element, or goes backwards."""
    if isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
        if isinstance(scope.parent, ast.Slice | ast.Subscript):
            return
        for kind in (ast.List, ast.Tuple):
            if not isinstance(node, kind):
                yield kind(node.elts, ast.Load())
        if node.elts:
            yield ast.Set(node.elts)
        for place in range(len(node.elts)):
            yield type(node)(node.elts[:place] + node.elts[place + 1 :], ast.Load())
            yield type(node)([*node.elts, node.elts[place]], ast.Load())
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
    """x[:, None] becomes x[None, :], x[0] becomes x[1], x[..., None] becomes x[None]."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    if isinstance(node.slice, ast.Tuple):
        elements = node.slice.elts
        for changed in (elements[::-1], *(elements[:place] + elements[place + 1 :] for place in range(len(elements)))):
            index = ast.Tuple(changed, ast.Load()) if len(changed) != 1 else changed[0]
            yield ast.Subscript(node.value, index, ast.Load())
    elif not isinstance(node.slice, ast.Slice):
        for place in (0, -1):
            yield ast.Subscript(node.value, ast.Constant(place), ast.Load())


def copy_or_share(node: ast.AST, scope: Scope) -> Iterator[Replacement]:
    """A value is stored as a list or a tuple of it."""
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
