"""Hints for a student's exceptions: from Python's message, and from where it was raised and what was called."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches

_METHODS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "@": "matmul"}
_IN_PLACE = {"+=": "+", "-=": "-", "*=": "*", "/=": "/", "**=": "**"}
_OPERANDS = re.compile(r"operand type\(s\) for (\S+?)(?: or pow\(\))?: '(\w+)' and '(\w+)'")
_UNARY_OPERAND = re.compile(r"bad operand type for unary -: '(\w+)'")
_ATTRIBUTE = re.compile(r"'(?:numpy\.)?(\w+)' object has no attribute '(\w+)'")
_ADDED = re.compile(
    r"non-broadcastable output operand with shape (\(.*?\)) doesn't match the broadcast shape (\(.*?\))"
)
_FRAME = re.compile(r"^(\w+\.py):(\d+)(?:, in (\S+))?$")

_WITHOUT_MATH = {
    "tensor.py": "math is not imported here, and takes one number: numpy (np) has its functions for whole arrays.",
    "training.py": "math is not imported in this file. For a root, ** 0.5 needs no import, and takes arrays as well.",
}
"""Hints about the name math in files whose template does not import it."""

_OF_NUMPY = ("exp", "log", "tanh")

_NUMBERS = ("int", "float", "float64")
_OWN_CLASSES = ("Value", "Tensor")
_LIST_METHODS = ("append", "extend", "insert")
_CALLABLES = ("method", "function", "builtin_function_or_method")

_SEQUENCES = ("list", "tuple", "generator")
_COLLECTIONS = (*_SEQUENCES, "dict", "set")

_ATTRIBUTES = ("neurons", "layers", "velocities", "betas", "momentum", "linear", "steps")

DOCUMENTED = (
    *("data", "grad", "backward", "parameters", "zero_grad", "step", "_prev", "_op", "_backward"),
    *("exp", "log", "tanh", "sigmoid", "relu"),
    *_ATTRIBUTES,
)
"""Names of the template's attributes and methods, to which a name that does not exist may be close."""


@dataclass(frozen=True)
class Place:
    """Where an exception was raised, as far as it is in the student's files. Empty texts if it is not.

    Attributes:
        function: The name of the innermost function.
        source: Its line of code.
        file: Its file.
    """

    function: str = ""
    source: str = ""
    file: str = ""


_HINTS: tuple[tuple[str, str, str, str], ...] = (
    # --- imports and files
    (r"No module named 'engine'", "", "",
     "Your engine.py belongs beside this file, and is handed in together with it."),
    (r"No module named 'nn'", "", "", "Your nn.py belongs beside this file, and is handed in together with it."),
    (r"No module named", "", "",
     "There is no module of this name where grading runs: compare the imports with those of the template."),
    (r"Read-only file system", "", "",
     "Grading lets no file be written: leave that out, or under `if __name__ == '__main__'`."),
    (r"cannot import name 'value' from", "", "",
     "Names mind capital letters: the class is called Value. Compare this import with the template's."),
    (r"cannot import name", "", "",
     "The other file has no such name: is it spelled there as here, capital letters too, and not indented?"),
    (r"IndentationError|TabError", "", "",
     "Python reads blocks by their indentation: compare this line's with that of the lines around it."),
    (r"SyntaxError", "", r"\w(\+\+|--)\s*($|[);:])",
     "Python has no ++ and no --: a number goes up by += 1, and down by -= 1."),
    (r"SyntaxError", "", r"&&|\|\||!(?!=)",
     "Python writes `and`, `or` and `not`, where other languages have &&, || and !."),
    (r"SyntaxError.*outside function", "", "",
     "This line stands outside of its function: compare its indentation with that of the lines above."),
    (r"SyntaxError.*(cannot assign|Maybe you meant '==')", "", "",
     "= gives a new number to what is on its left, and == compares: which is meant? To the left of = stands a name, an "
     "attribute or an element."),
    (r"SyntaxError", "", "",
     "Python cannot read the file at this line: is a `:`, an operator, a quote or a bracket missing, or is one too "
     "many, here or just above? Or is something written as in another language?"),
    # --- recursion
    (r"RecursionError", r"__r(sub|pow|truediv)__", "",
     "This method asks for itself again, for ever: with a plain number in front, the operator calls this very method. "
     "Make a Value of the number first."),
    (r"RecursionError", r"__r(add|mul)__", "",
     "This method asks for itself again, for ever: with a plain number in front, the operator calls this very method. "
     "Put self in front, or make a Value of the number."),
    (r"RecursionError", r"__(add|sub|mul|pow|truediv|neg)__", "",
     "This method asks for itself again, for ever, directly or by way of another operator: write it with .data, or "
     "with operations that do not need it. (Or is a Value kept in .data, where a number belongs?)"),
    (r"RecursionError", r"(exp|log|tanh|sigmoid|relu)$", "",
     "This method calls itself for ever: take the number from the math module, of self.data."),
    (r"RecursionError", r"parameters$", r"self\.parameters\(\)",
     "parameters() calls itself for ever: it is the parameters() of each neuron, or layer, that are collected."),
    (r"RecursionError", "__init__|value|wrap|lift", r"^(?!self\.\w+ = Value\()",
     "Values are made here for ever. Either a Value is made of a Value, so that .data is no number; or an operation "
     "asks for itself, since it is used on Values where their .data is meant."),
    (r"RecursionError", "__init__", "",
     "Making a Value makes another Value, for ever: __init__ keeps the number that it gets."),
    (r"RecursionError", "", "",
     "A call inside a call for every node is too deep: keep a stack of your own (a list). Or does a method call itself "
     "for ever?"),
    # --- calls
    (r"__init__\(\) should return None", "", "", "__init__ sets attributes of self and returns nothing."),
    (r"takes no arguments", "", "", "Is __init__ spelled so, with two underscores on each side?"),
    (r"takes 0 positional arguments but 1 was given", "", "",
     "Python passes the object itself to a method: `self` is missing as the first parameter in its `def` line."),
    (r"takes 1 positional argument but 2 were given", "", "",
     "Its `def` line has one parameter too few: is `self` there, and then everything that the template has?"),
    (r"__init__\(\) missing \d required positional arguments?: '_(children|op)'", "", "",
     "Value(2.0) has one argument: _children and _op need the defaults that they have in the template."),
    (r"missing 1 required positional argument: 'self'", "", "",
     "The method is called on the class itself: call it on an object, as in self.exp() or x.exp()."),
    (r"<locals>\.\w*\(\) missing \d+ required positional", r"backward$", "",
     "A closure is called without arguments: what it needs it finds in the function around it, so its `def` line has "
     "no parameters."),
    (r"required positional argument", "", "",
     "It is called with fewer arguments than its `def` line asks for: the template's line says what it gets."),
    (r"unexpected keyword argument '(out|dtype|initial|where)'", "", r"np\.",
     "numpy's function asks the Tensor's own method, and hands over more than that takes: call the method itself, or "
     "pass .data."),
    (r"unexpected keyword argument|positional arguments? but", "", "",
     "It is called with other arguments than its `def` line takes: the template's line says what it gets."),
    (r"'NoneType' object is not callable", r"backward$|^<lambda>|build|visit|topo", r"backward",
     "A node's _backward is None here. For a leaf, give it a closure that does nothing; for a result, keep the closure "
     "itself, without calling it (no () behind its name)."),
    (r"'NoneType' object is not callable", "", "",
     "What is called here is None: a closure is kept as it is, without (), and a leaf needs one, too."),
    (r"'(Neuron|Layer|MLP)' object is not callable", "", "",
     "A call of an object, as in model(x), asks for the method __call__ of its class: is it there, and spelled so?"),
    (r"'(float|int|Value|tuple|list)' object is not callable", "", r"\d\s*\(|\)\s*\(",
     "Round brackets behind a number or a bracket call it: is a * missing between them?"),
    (r"'(float|int|Value|Tensor|list|bool|tuple|set|dict|str|generator)' object is not callable", "", "",
     "What is called here is not a function: are there parentheses too many, or has an attribute, or a variable, the "
     "name of a method or function?"),
    (r"'NoneType' object is not (iterable|subscriptable)", "", r"\.(reverse|sort|append|extend|insert)\(",
     "reverse(), sort(), append(), extend() and insert() change a list in place and return None: use the list itself, "
     "in the next line."),
    (r"'NoneType' object is not (iterable|subscriptable|reversible)", "", "",
     "A list is due here, and it is None: either a `return` is missing where it was to be made, or it comes from "
     "append(), extend() or the like, which change a list in place and give None."),
    (r"'(float|int)' object is not iterable", "__init__", "",
     "A number is taken for the parents here: are the arguments in the order (data, _children, _op)?"),
    (r"'(Value|Tensor)' object is not iterable", "__init__", "",
     "_children is one object here, not several: a tuple of one needs its comma, (self,)."),
    (r"'Value' object is not (iterable|subscriptable)|object of type 'Value' has no len", r"^__call__$", "",
     "A list is due here, and there is a single Value: what handed it over? A Layer returns a list, also of one "
     "output; only MLP takes the Value out of it, in the end."),
    (r"'int' object is not iterable", "", r"\bin len\(",
     "len() gives a number: range(len(...)) goes through the indices from 0."),
    (r"object is not iterable", "", r"\+=",
     "+= on a list puts the entries of another list to it. A single thing comes to it with append()."),
    (r"'int' object is not iterable", "", r"\bfor \w+ in [\w.]+\b(?!\()",
     "A whole number stands where a list is gone through: is range(...) of it meant, or a list?"),
    (r"'(Value|Tensor|float|int)' object is not iterable", "", "",
     "A list is due here, and there is one single thing: look at what is passed on to this line."),
    (r"'(float|int|float64)' object is not subscriptable", r"^step$", "",
     "A list is asked for an entry, and is one single number here: was no list made of it in __init__, or is the whole "
     "list replaced (=), where one entry is to be set?"),
    (r"'(Value|Tensor|float|int)' object is not subscriptable", "", "",
     "Square brackets want a list, and this is one single thing: look at what is passed on to this line."),
    (r"'(method|function|builtin_function_or_method)' object is not (iterable|subscriptable)", "", "",
     "This is a function that was not called: its parentheses are missing."),
    (r"object of type '(Value|Tensor|float|int)' has no len\(\)", "", "",
     "len() wants a list, and this is one single thing."),
    (r"object of type 'generator' has no len|'generator' object is not subscriptable", "", "",
     "A generator can be read once and has no length: make a list of it."),
    (r"object of type '(zip|map|enumerate)' has no len|'(zip|map|enumerate)' object is not subs", "", "",
     "What zip(), map() or enumerate() gives is gone through once, and has no length and no index: use those of the "
     "lists, or make a list of it."),
    (r"values to unpack", "", "",
     "There are not as many things here as names to take them. Two lists side by side are gone through with zip(one, "
     "other)."),
    (r"NoneType' object cannot be interpreted as an integer|indices must be integers.* not NoneType", "", r"axis|axes",
     "The axis is None here, as where none is given: then all numbers are meant, and there is no single axis to ask "
     "for."),
    (r"indices must be integers.* not tuple", "", r"axis|axes",
     "The axis is a tuple here: as in numpy, several axes may be given at once."),
    (r"(list|tuple) indices must be integers", "", "",
     "Square brackets behind a list want an index, a whole number. Here is something else: an entry in place of its "
     "index, or a whole list in place of one of its entries?"),
    (r"bad operand type for abs\(\): 'Value'", "", "",
     "abs() does not know Values: which operation of Value does the rule ask for, as ** 2 or relu()?"),
    (r"unhashable type: '(Value|Tensor)'", "", "",
     "A class that defines __eq__ can no longer be put into a set, nor be a key: leave __eq__ out, or add __hash__."),
    (r"isinstance\(\) arg 2 must be a type", "", "",
     "isinstance(object, class): the object stands first, and the class second. Has the class its name here?"),
    (r"unhashable type: 'numpy.ndarray'", "", "",
     "A plain array stands among the nodes: an operand that comes as an array is made a Tensor first, as a number is."),
    (r"cannot unpack non-iterable (Value|Tensor|float|int)", "", "",
     "Several names want one thing each here, and there is one single thing to share out: is a pair, in round "
     "brackets, put into the list everywhere?"),
    (r"unhashable type: 'list'", "", "", "A list cannot be put into a set: put the nodes themselves into it."),
    (r"truth value of an array", r"^backward$|build|visit|topo|order", "",
     "A comparison of arrays has many answers, and `if`, `in` and `and` want one: compare their id(), or use a set."),
    (r"truth value of an array", "unbroadcast|<genexpr>|<listcomp>", "shape|size|axis|axes",
     "An array is compared here where a single size is due: is the shape handed over, and not the array itself?"),
    (r"truth value of an array", "", "",
     "A comparison of arrays has an answer for each number, and `if`, `and` and max() want a single one: numpy has "
     "functions that go through the array number by number."),
    # --- names
    (r"local variable '_?(grad|data)'", "", "",
     "+= and = inside a function make a variable of its own: what shall last is an attribute, such as self.grad."),
    (r"local variable '\w+'", "", r"^\w+\s*[-+*/]{1,2}=",
     "+= and its like need a value to start from, and this name has none yet in this function (a variable of that name "
     "outside is another one): give it one before, or use the attribute, if one is meant."),
    (r"local variable '\w+'", "", r"^(\w+)\s*=(?!=).*\b\1\b",
     "A name that is set anywhere in a function belongs to that function: here it has no value yet, and that of a "
     "variable outside is not seen. Take a new name for what is set."),
    (r"local variable '\w+'", "", "",
     "This name has no value yet here: either it gets one further down or in another branch only, or a variable "
     "outside is meant, and setting the name anywhere in this function makes another one of it."),
    (r"free variable '\w+'", "", "",
     "This name has no value yet where the closure runs: it gets one further down, or in another branch only."),
    (r"name 'math' is not defined", "", "", "This file needs `import math` at its top."),
    (r"name 'np' is not defined", "", "",
     "np is not known here: either `import numpy as np` is missing at the top of the file, or math is meant."),
    (r"name 'random' is not defined", "", "", "This file needs `import random` at its top."),
    (r"name '(exp|log|tanh|sqrt)' is not defined", "", "", "It is a function of the math module: math.exp and so on."),
    (r"name '_?(data|grad|prev|backward|parameters|w|b|neurons|layers|lr|momentum|betas|eps|linear)' is not defined",
     "", "", "An attribute is reached through its object: `self.` belongs in front."),
    (r"name '(mean|average)' is not defined", "", "",
     "Python has no mean of its own: it is the sum, divided by how many there are."),
    (r"name '(Value|Tensor|Module|Neuron|Layer|MLP)' is not defined", "", "",
     "Python does not know this class here: is it imported at the top of the file, as in the template, and is its name "
     "spelled so where it is made?"),
    (r"name '(\w+)' is not defined", "", "",
     "Python does not know this name here: is it spelled as where it was made, and made in this function? (A method or "
     "an attribute wants `self.` in front.)"),
    # --- numbers
    (r"must be real number, not (Value|Tensor)", "", "", "The math functions take numbers: pass self.data."),
    (r"does not support ufuncs", "", "",
     "numpy's functions take plain arrays, and this is a Tensor: it has methods of its own, such as x.tanh(), which "
     "remember where the result comes from."),
    (r"setting an array element with a sequence", "", "",
     "numpy cannot make an array of this: does a Tensor stand in the place of its numbers, or are there lists of "
     "different lengths?"),
    (r"must be real number, not (method|function|builtin)", "", "", "This is a function: its parentheses are missing."),
    (r"loop of ufunc does not support argument 0 of type (Value|Tensor)|has no callable \w+ method", "", "",
     "numpy's functions take arrays and numbers: pass self.data."),
    (r"math domain error", r"^log$", "", "log exists for positive numbers only: which number does it get here?"),
    (r"math domain error", "", r"log", "log exists for positive numbers only: where is it needed, and where not?"),
    (r"math domain error", "", r"sqrt|\*\*|pow",
     "There is no real root of a negative number: which number is it here?"),
    (r"math range error", "", "",
     "exp overflows beyond 709, and cosh beyond 710: which number does it get in the last line above? Either a "
     "condition sends the wrong numbers there, or another form is needed, in which it stays small."),
    (r"Numerical result out of range", "", "", "This power is too large for a float: which numbers arrive here?"),
    (r"ZeroDivisionError|0\.0 cannot be raised to a negative power", "step", "",
     "Something is divided by 0 in a step. If it is the correction: that is 1 - beta**t, a power, where t starts at 1. "
     "If it is a root, then eps is missing."),
    (r"ZeroDivisionError|0\.0 cannot be raised to a negative power", r"_?backward", r"self\.data|data",
     "The number is 0 here, and something is divided by it: the derivative n * x**(n - 1) needs no division."),
    (r"ZeroDivisionError|0\.0 cannot be raised to a negative power", "", "",
     "Something is divided by 0 here: which number is 0, and may it be?"),
    (r"not supported between instances of '(Value|Tensor)'|between instances of '\w+' and '(Value|Tensor)'", "", "",
     "Values have no order: compare their numbers (.data)."),
    (r"can be converted to Python scalars", "", "",
     "math's functions take one number, and this is an array: np.exp and its like, and ** 0.5, take both."),
    (r"can't multiply sequence|can only concatenate (list|tuple)", "", "",
     "A list is here in the place of a number, and + and * do something else to a list. Is one entry of it meant, or "
     "all of them, one after the other?"),
    # --- arrays
    (r"could not be broadcast together", r"_?backward", "",
     "The two arrays here have shapes that do not fit: which shape has out.grad, and which has the operand?"),
    (r"matmul: Input operand|mismatch in its core dimension", r"^__(mul|rmul|truediv|pow|add|sub)__$", "",
     "@ multiplies rows by columns, and * number by number: which of the two is meant here?"),
    (r"mismatch in its core dimension", "", r"\.T\b",
     "The sizes do not fit here. With more than two axes .T turns all of them round, and a stack of matrices swaps its "
     "last two only; with two axes compare the sizes: which of the two is to be transposed?"),
    (r"matmul: Input operand|mismatch in its core dimension", "", "",
     "The sizes of the two matrices do not fit here: compare the shape of each. Either they stand in the wrong order, "
     "or one is to be transposed."),
    (r"for @: 'numpy.ndarray' and", "", "",
     "An array on the left of @ does not ask the Tensor: make a Tensor of it first."),
    (r"for @: 'list' and", "", "", "A list on the left of @ does not ask the Tensor: make a Tensor of it first."),
    (r"axis \d+ is out of bounds", "unbroadcast|<genexpr>|<listcomp>", "",
     "There is no such axis here, or no more. In front, gradient.ndim - len(shape) axes are summed away, which may be "
     "none; and a sum without keepdims=True takes its axis away, so that those behind it move up."),
    (r"only integer scalar arrays can be converted|is out of bounds for axis|axis \d+ is out of bounds", "", "",
     "An axis or index does not exist in this array: which shape does it have here?"),
    (r"cannot reshape array", "unbroadcast", "",
     "reshape only arranges numbers anew, and here there are more than the shape has room for: sum first, over the "
     "axes that broadcasting added or stretched."),
    (r"cannot reshape array", r"_?backward", "",
     "The gradient does not have as many numbers here as its operand, and reshape only arranges them anew. What "
     "broadcasting used several times is summed up first (unbroadcast)."),
    (r"cannot reshape array", "^reshape$", "",
     "The sizes do not fit: reshape may get several sizes, as in x.reshape(3, 2), or -1. Are all of them passed on?"),
    (r"cannot reshape array", "", "", "The sizes do not fit: which shape is due here, and how many numbers are there?"),
    (r"list index out of range", "^step$", "",
     "A list here has no entry of this index. What is kept for each parameter needs an entry for each, and they are "
     "counted from 0."),
    (r"list index out of range", "", "",
     "A list in this line has no entry of this index: they go from 0 to its length less 1. Is this the very list "
     "that is counted, and does it get all its entries before?"),
    # --- objects of the wrong kind, as this kit describes them
    (r"is None, not a (Value|Tensor)", "", "",
     "It ends without a `return`: every way through it has to return the new object."),
    (r"is a plain \w+, not a (Value|Tensor)", "", "",
     "A plain number remembers nothing: return a new Value (or Tensor) with the operands as its parents."),
    (r"^\.data of .* is of type (Value|Tensor)", "", "",
     "A Value is kept where its number belongs: take .data of each operand to compute the new number, and make no "
     "Value of what is a Value already."),
    (r"^\.grad of .* is of type (Value|Tensor)", "", "",
     "A gradient is a plain number: use .data and .grad of the operands in the closure, not the operands themselves."),
    (r"is an array of u?int", "", "", "Whole numbers stay whole here: make an array of floats (dtype=float)."),
    (r"is an array of float(32|16)", "", "", "Only half of the digits are kept here: dtype=float is double precision."),
    (r"is an array of object", "", "",
     "numpy has made an array of objects: did it take a Tensor apart, or lists of different lengths?"),
    (r"^\.(data|grad) of .* is of type (function|method|builtin)", "", "",
     "A function is kept where a number belongs: are its parentheses missing, or was a closure meant for _backward?"),
    (r"^\.(data|grad) of .* is of type (tuple|list); it should be a numpy array", "", "",
     "A list is kept as it came: make an array of floats of it, as __init__ in the template says."),
    (r"^\.(data|grad) of .* is of type (tuple|list)", "", "",
     "One number is due here, and this is several: is there a comma or a bracket too many?"),
    (r"^\.(data|grad) of .* is of type NoneType", "", "",
     "It holds None: what was to give the number returned nothing, or it was set to None."),
    (r"^\.(data|grad) of .* is of type complex", "", "",
     "The result is complex: a negative number has no real root, so what does the base become here?"),
    (r"^\.(data|grad) of .* is of type bool", "", "", "A comparison gives True or False: turn it into a number."),
    (r"^\.(data|grad) of .* is of type str", "", "",
     "A text is kept where a number belongs: are the arguments in the order (number, parents, operation)?"),
    (r"^this is of type (Value|Tensor)", "", "", "A plain number is due here: take .data of the Value."),
    (r"^this is of type NoneType", "", "", "It is None: a `return` is missing."),
)  # fmt: skip
"""(message, name of the function, its line of code, hint): regular expressions to find. The first match wins."""


def find_error_hint(message: str, traceback: str = "") -> str:
    """Return one line of advice about a student's exception, or an empty string.

    Args:
        message: The last line of its traceback.
        traceback: The student's own frames, innermost last, as `SubmissionError` has them.
    """
    place = innermost_place(traceback)
    shapes = find_added_shapes(message)
    if shapes:
        return added_shape_hint(*shapes, place.source)
    operands = _OPERANDS.search(message)
    if operands and (operands[1] in _METHODS or operands[1] in _IN_PLACE):
        if {operands[2], operands[3]} & {"list"} and re.search(r", in parameters$", traceback, re.MULTILINE):
            return "In parameters(), + joins lists: what is put to a list is a list, too, also if it is one Value only."
        return _operator_hint(operands[1], operands[2], operands[3], place)
    if operands and operands[1] == "^":
        return "^ works on the bits of whole numbers in Python: a power is written **."
    unary = _UNARY_OPERAND.search(message)
    if unary:
        return _unary_hint(unary[1])
    attribute = _ATTRIBUTE.search(message)
    if attribute:
        hint = _attribute_hint(attribute[1], attribute[2], place)
        if hint:
            return hint
    if "name 'math' is not defined" in message and place.file in _WITHOUT_MATH:
        return _WITHOUT_MATH[place.file]
    called = re.search(r"name '(exp|log|tanh|relu|sigmoid)' is not defined", message)
    if called and (place.file != "engine.py" or called[1] in ("relu", "sigmoid")):
        numpys = f" Of a plain array it is np.{called[1]}." * (place.file == "tensor.py" and called[1] in _OF_NUMPY)
        return f"{called[1]} is not known by itself: of an object it is a method, x.{called[1]}(), with a dot.{numpys}"
    for text, function, source, hint in _HINTS:
        if re.search(text, message) and re.search(function, place.function) and re.search(source, place.source):
            return hint
    return ""


def added_shape_hint(own: tuple[int, ...], stretched: tuple[int, ...], source: str = "") -> str:
    """Return a hint for `+=` on an array that does not have room for what is added to it.

    numpy says to which shape both were stretched, and not which shape was added. So say only what can be.

    Args:
        own: The shape of the array.
        stretched: The shape to which it would have to be stretched.
        source: The line of code.
    """
    if len(stretched) > len(own):
        return (
            f"The array before += has shape {own}, and what is added to it has more axes ({len(stretched)}). Axes that "
            "broadcasting added are summed over (unbroadcast), and that comes last: first the product of out.grad and "
            "the local derivative, whole, and then its sum, in the shape of the operand's own data."
        )
    start = f"The array before += has shape {own}, and what is added to it has another"
    other_order = is_reordered(own, stretched)
    fewer_axes = lacks_axis(own, stretched)
    if other_order and re.search(r"transpose|swapaxes|moveaxis", source) and "@" not in source:
        return (
            f"{start}: the axes are not back in their old order. With more than two axes, the order that goes back is "
            "not always the one that went forward: each axis returns to the place that it came from."
        )
    causes = [
        *["an axis of size 1 is missing and has to be put back"] * fewer_axes,
        *["the axes stand in another order and have to be turned back"] * other_order,
        "an axis was stretched and has to be summed up, to the shape of this very operand",
    ]
    either = "either " if len(causes) > 1 else ""
    return f"{start}. Compare the two shapes: {either}{', or '.join(causes)}."


def lacks_axis(own: tuple[int, ...], stretched: tuple[int, ...]) -> bool:
    """Return whether what is added to an array can be its own shape without one of its axes."""
    return any(_stretch(own, (*own[:axis], *own[axis + 1 :])) == stretched for axis in range(len(own)))


def is_reordered(own: tuple[int, ...], stretched: tuple[int, ...]) -> bool:
    """Return whether what is added to an array can be its own shape with its axes in another order.

    The shapes come from a student's text and can have any number of axes, so no order is tried: an axis of size 1 must
    meet one of the stretched size, and every other axis can meet itself or an axis of size 1.
    """
    if len(own) != len(stretched) or any(size not in (1, to) for size, to in zip(own, stretched)):
        return False
    needed = Counter(to for size, to in zip(own, stretched) if size == 1 != to)
    return needed <= Counter(own)


def find_added_shapes(message: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the two shapes of numpy's message about a `+=` that has no room; None if it is another message."""
    shapes = _ADDED.search(message)
    return (_sizes(shapes[1]), _sizes(shapes[2])) if shapes else None


def _stretch(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which broadcasting stretches two shapes; an empty one if they do not fit."""
    n_axes = max(len(first), len(second))
    pairs = list(zip((1,) * (n_axes - len(first)) + first, (1,) * (n_axes - len(second)) + second))
    fits = all(one == other or 1 in (one, other) for one, other in pairs)
    return tuple(other if one == 1 else one for one, other in pairs) if fits else ()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


def innermost_place(traceback: str) -> Place:
    """Return the last frame of a traceback's text."""
    place = Place()
    lines = traceback.splitlines()
    for index, line in enumerate(lines):
        frame = _FRAME.match(line)
        if frame:
            source = lines[index + 1].strip() if index + 1 < len(lines) else ""
            place = Place(frame[3] or "", source, frame[1])
    return place


def _operator_hint(operator: str, left_type: str, right_type: str, place: Place) -> str:
    operator = _IN_PLACE.get(operator, operator)
    method = _METHODS[operator]
    types = (left_type, right_type)
    if "NoneType" in types:
        if place.file == "tensor.py" and place.function == "backward":
            return "Something in this line is None: without an argument, the gradient that backward() gets is 1.0."
        if "grad" in place.source:
            return "Something in this line is None: does each grad start as 0.0, and what is called return a number?"
        return "One operand is None: is a `return` missing where it was made?"
    if set(types) & set(_CALLABLES):
        return "One operand is a function that was not called: its parentheses are missing."
    several = [left_type] * (left_type in _COLLECTIONS) + [right_type] * (right_type in _SEQUENCES)
    if several:
        kind = several[0]
        article = "an" if kind[0] in "aeiou" else "a"
        return (
            f"One operand is {article} {kind} where a single number is due: take one element of it, or go through it."
        )
    if "str" in types:
        return "One operand is a text where a number is due: are arguments in the right order?"
    if left_type in _NUMBERS and right_type in _OWN_CLASSES:
        if place.source and re.search(r"\.(data|grad)\b", place.source):
            return (
                f"This line combines a plain number with a whole {right_type}: to compute a number, take .data of both "
                "(a plain number has none: wrap it first)."
            )
        also = " sum() asks for it too, since it starts from 0." if operator == "+" else ""
        return f"A plain number in front of {operator} asks for __r{method}__.{also}"
    if left_type in _OWN_CLASSES and operator != "@":
        return f"Here {operator} asks for __{method}__: is it there, spelled so, and does it take what is on the right?"
    return ""


def _unary_hint(kind: str) -> str:
    if kind in _OWN_CLASSES:
        return "A minus in front asks for __neg__: is it there, spelled so, and inside the class?"
    if kind in ("list", "tuple"):
        return "A minus in front of a list: take one element of it, or go through it."
    return "Something is None here: is a `return` missing where it was made?" if kind == "NoneType" else ""


def _attribute_hint(kind: str, name: str, place: Place) -> str:
    """Return a hint for an attribute that does not exist."""
    if kind in (*_NUMBERS, "bool"):
        if name == "_prev":
            return "A _prev holds plain numbers: the parents are the operands themselves, not their data."
        if name in ("exp", "log", "tanh", "sigmoid", "relu"):
            return (
                f"A plain number has no .{name}: either a Value is due here, or a function for numbers is meant (those "
                "are in the module math)."
            )
        if place.function == "__init__":
            return f"A plain number has no .{name}: what arrives here is the number itself."
        if name == "data" and (not place.function or place.function.startswith("__")) and place.function != "__call__":
            if place.file == "tensor.py":
                return (
                    "Is a plain number or array used where a Tensor is due? Make a Tensor of it first. Or was .data "
                    "taken off too early?"
                )
            return (
                "A plain number is used where a Value is due. Either it is not made a Value first (whole numbers, "
                "too), or .data was taken off too early."
            )
        return f"A plain number is used where a Value is due, so it has no .{name}: look at where it comes from."
    if kind == "NoneType":
        in_place = " append() and extend() change a list in place and return None." * (name in _LIST_METHODS)
        return f"Something is None where .{name} is asked for: is a `return` missing where it was made?{in_place}"
    if kind in _CALLABLES and name in ("uniform", "random", "gauss", "seed"):
        return "random is a function here, and not the module: was it imported by `from random import random`?"
    if kind in _CALLABLES:
        return (
            f"A function stands where an object with .{name} is due: is the result of its call meant? Then parentheses "
            "are missing, as in x.tanh(), or the result has a name of its own. Or does a method return a "
            "function, where it is to return the result?"
        )
    if (kind, name) in (("list", "add"), ("dict", "add"), ("set", "append")):
        return "A set has add(), and a list append(). [] makes a list, set() an empty set, and {} an empty dict."
    if kind in ("list", "tuple", "generator"):
        comma = " A comma behind a value makes a tuple of it." if kind == "tuple" else ""
        return f"A {kind} has no .{name}: it stands where one single object is due. Where does it come from?{comma}"
    if kind in ("ndarray", "float64"):
        return f"A plain array is used where a Tensor is due, so it has no .{name}: was .data taken too early?"
    if kind in ("str", "dict", "set", "complex", "bytes"):
        return f"There is a {kind} in the place of an object that has .{name}: where does it come from?"
    if kind == "Value" and name in ("_children", "children", "parents", "prev", "_parents"):
        return f"A Value has no .{name}: the template keeps the parents as _prev."
    close = get_close_matches(name, DOCUMENTED, n=1, cutoff=0.7)
    if close and close[0] != name:
        return f"Is .{name} a misspelling of .{close[0]}?"
    if name in ("data", "grad", "_prev", "_op", "_backward"):
        return f"The object has no .{name}: does __init__ set self.{name}, spelled so, on every way through it?"
    if name in ("parameters", "zero_grad") and kind in ("Neuron", "Layer", "MLP"):
        return f"There is no {name} in its class: does the class inherit from Module, and is the method spelled so?"
    if name in _ATTRIBUTES or (name not in DOCUMENTED and kind in ("Neuron", "Layer", "MLP", "SGD", "Adam")):
        return (
            f"The object has no .{name}: is it set in __init__ (self.{name} = ...), spelled so, before it is used, on "
            "every way through?"
        )
    if name in DOCUMENTED:
        return f"There is no {name} in the class: is it spelled so, and indented as the other methods are?"
    return ""
