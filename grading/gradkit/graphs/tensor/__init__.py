"""Graphs of tensors as data, their programs, and networks on tensors."""
