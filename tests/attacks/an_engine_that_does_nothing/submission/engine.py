class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev, self._op = data, 0.0, (), _op

    def zero(self, *_):
        return Value(0.0)

    __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = __neg__ = zero
    __pow__ = __rpow__ = __truediv__ = __rtruediv__ = exp = log = tanh = sigmoid = relu = zero

    def backward(self):
        pass
