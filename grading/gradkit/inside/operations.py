"""The table of operations: what a step of an expression graph can be. A new operation is one row.

Enters the sandbox, so it imports only the standard library and starts fast.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
"""How tightly a piece of Python text binds, loosest first. It decides where parentheses are needed."""


class Operation:
    """One row of the table.

    Args:
        name: The name that a step uses, as in ("mul", 0, 1).
        text: How a student writes it. {a} and {b} are operands, {k} is a plain number. A method, as in "{a}.exp()",
            can be used in `expressions(...)` and drawn by `gradkit graph` as well.
        binds: How tightly the text binds (SUM ... ATOM).
        needs: How tightly the texts of {a} and {b} must bind to be inserted without parentheses.
        complex: The same on complex numbers, if it differs from `text`. It can use every function of `cmath`.
        torch: The same on PyTorch's tensors, if it differs from `text`, as in "softplus({a})". It can use every
            function of `torch.nn.functional`, and others as "torch.hypot({a}, {b})". It must bind as tightly as `text`.
        domain: Python text over a, b and k: the arguments at which random graphs may use the operation. It keeps away
            from kinks, poles and overflow: see gradkit/oracle/well_posed.py.
        constants: The plain numbers that random graphs use as {k}.
    """

    __slots__ = ("arity", "binds", "complex", "constants", "domain", "function", "name", "needs", "text", "torch")

    def __init__(
        self,
        name: str,
        text: str,
        binds: int,
        needs: tuple[int, ...],
        complex: str = "",
        torch: str = "",
        domain: str = "True",
        constants: tuple[float, ...] = (),
    ) -> None:
        self.name = name
        self.text = text
        self.binds = binds
        self.needs = needs
        self.complex = complex or text
        self.torch = torch or text
        self.domain = domain
        self.constants = constants
        self.arity = len(needs)
        """Number of operands that are nodes of the graph."""
        self.function: Callable[..., object] = compiled(text, self.parameters)
        """The operation on any objects that have Python's operators: (a), (a, b) or (a, k)."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The letters of `text` in the order of a step: operands first, then the plain number."""
        return ("a", "b")[: self.arity] + (("k",) if self.constants else ())


def compiled(text: str, parameters: tuple[str, ...], names: dict[str, object] | None = None) -> Callable[..., object]:
    """Compile the text of a row to a function.

    Args:
        text: Python text with {a}, {b} and {k}. It is evaluated, so it must never be a submission's.
        parameters: The letters in the order of the function's parameters.
        names: The global names that the text can use.
    """
    body = text.format(a="a", b="b", k="k")
    function: Callable[..., object] = eval(f"lambda {', '.join(parameters)}: {body}", dict(names or {}))
    return function


_PLAIN = (1, 2, -3, 0.5, 2.5, -1.5)
_NO_ZERO = "abs(b) >= 0.1"
_SMALL = "abs(a) <= 8"

OPERATIONS: dict[str, Operation] = {
    row.name: row
    for row in (
        Operation("add", "{a} + {b}", SUM, (SUM, PRODUCT)),
        Operation("mul", "{a} * {b}", PRODUCT, (PRODUCT, SIGN)),
        Operation("neg", "-{a}", SIGN, (SIGN,)),
        Operation("sub", "{a} - {b}", SUM, (SUM, PRODUCT)),
        Operation("pow", "{a} ** {b}", POWER, (ATOM, SIGN), domain="0.1 <= a <= 10 and abs(b) <= 5"),
        Operation("div", "{a} / {b}", PRODUCT, (PRODUCT, SIGN), domain=_NO_ZERO),
        Operation("add_const", "{a} + {k}", SUM, (SUM,), constants=_PLAIN),
        Operation("const_add", "{k} + {a}", SUM, (PRODUCT,), constants=_PLAIN),
        Operation("sub_const", "{a} - {k}", SUM, (SUM,), constants=_PLAIN),
        Operation("const_sub", "{k} - {a}", SUM, (PRODUCT,), constants=_PLAIN),
        Operation("mul_const", "{a} * {k}", PRODUCT, (PRODUCT,), constants=_PLAIN),
        Operation("const_mul", "{k} * {a}", PRODUCT, (SIGN,), constants=_PLAIN),
        Operation("div_const", "{a} / {k}", PRODUCT, (PRODUCT,), constants=_PLAIN),
        Operation("const_div", "{k} / {a}", PRODUCT, (SIGN,), domain="abs(a) >= 0.1", constants=_PLAIN),
        Operation(
            "pow_const",
            "{a} ** {k}",
            POWER,
            (ATOM,),
            domain="0.1 <= a <= 10 or (k == int(k) and 0.1 <= abs(a) <= 10)",
            constants=(2, 3, -1, 0.5, -2, 1.5),
        ),
        Operation("const_pow", "{k} ** {a}", POWER, (SIGN,), domain="abs(a) <= 5", constants=(2, 3, 0.5, 2.5)),
        Operation("exp", "{a}.exp()", ATOM, (ATOM,), complex="exp({a})", domain=_SMALL),
        Operation("log", "{a}.log()", ATOM, (ATOM,), complex="log({a})", domain="a >= 0.1"),
        Operation("tanh", "{a}.tanh()", ATOM, (ATOM,), complex="tanh({a})", domain=_SMALL),
        Operation("sigmoid", "{a}.sigmoid()", ATOM, (ATOM,), complex="1 / (1 + exp(-{a}))", domain=_SMALL),
        Operation("relu", "{a}.relu()", ATOM, (ATOM,), complex="{a} * ({a}.real > 0)", domain="abs(a) >= 0.005"),
    )
}
