"""Easier to ask forgiveness: an operand without .data is a number. Rules are bound methods of small rule objects with
__call__; indented with tabs and in the style of older Pythons."""

import math


class Rule(object):
	def __init__(self, out, *parents):
		self.out = out
		self.parents = parents


class AddRule(Rule):
	def __call__(self):
		for p in self.parents:
			p.grad += self.out.grad


class MulRule(Rule):
	def __call__(self):
		a, b = self.parents
		a.grad += b.data * self.out.grad
		b.grad += a.data * self.out.grad


class PowRule(Rule):
	def __call__(self):
		a, b = self.parents
		try:
			a.grad += b.data * a.data ** (b.data - 1) * self.out.grad
			b.grad += math.log(a.data) * self.out.data * self.out.grad
		except ValueError:
			pass  # log of a negative base: the exponent is a constant


class SlopeRule(Rule):
	def __init__(self, out, parent, slope):
		super(SlopeRule, self).__init__(out, parent)
		self.slope = slope

	def __call__(self):
		self.parents[0].grad += self.slope * self.out.grad


class Value(object):
	def __init__(self, data, _children=(), _op=""):
		self.data = data; self.grad = 0
		self._prev = _children; self._op = _op
		self._backward = None

	def __repr__(self):
		return "Value(%r)" % (self.data,)

	@staticmethod
	def _numberOrValue(x):
		try:
			x.data
			return x
		except AttributeError:
			return Value(x)

	def _binary(self, other, op, number, rule):
		out = Value(number(self.data, other.data), (self, other), op)
		out._backward = rule(out, self, other)
		return out

	def _unary(self, op, number, slope):
		out = Value(number, (self,), op)
		out._backward = SlopeRule(out, self, slope)
		return out

	def __add__(self, other):
		return self._binary(self._numberOrValue(other), "+", lambda a, b: a + b, AddRule)

	def __mul__(self, other):
		return self._binary(self._numberOrValue(other), "*", lambda a, b: a * b, MulRule)

	def __pow__(self, other):
		return self._binary(self._numberOrValue(other), "**", lambda a, b: a ** b, PowRule)

	def __radd__(self, other): return Value(other) + self
	def __rmul__(self, other): return Value(other) * self
	def __rpow__(self, other): return Value(other) ** self
	def __neg__(self): return self * -1
	def __sub__(self, other): return self + other * -1
	def __rsub__(self, other): return Value(other) - self
	def __truediv__(self, other): return self * self._numberOrValue(other) ** -1
	def __rtruediv__(self, other): return Value(other) / self

	def exp(self):
		y = math.exp(self.data)
		return self._unary("exp", y, y)

	def log(self):
		return self._unary("log", math.log(self.data), 1.0 / self.data)

	def tanh(self):
		y = math.tanh(self.data)
		return self._unary("tanh", y, 1 - y * y)

	def sigmoid(self):
		if self.data >= 0:
			y = 1 / (1 + math.exp(-self.data))
		else:
			y = math.exp(self.data) / (1 + math.exp(self.data))
		return self._unary("sigmoid", y, y * (1 - y))

	def relu(self):
		if self.data > 0:
			return self._unary("relu", self.data, 1)
		else:
			return self._unary("relu", 0, 0)

	def backward(self):
		order = []; seen = set(); stack = [self]
		while len(stack) > 0:
			node = stack[-1]
			if node in seen:
				stack.pop()
				continue
			pending = [p for p in node._prev if p not in seen]
			if len(pending) == 0:
				seen.add(node)
				order.append(node)
				stack.pop()
			else:
				stack.extend(pending)
		self.grad = 1
		for i in range(len(order) - 1, -1, -1):
			if order[i]._backward is not None:
				order[i]._backward()
