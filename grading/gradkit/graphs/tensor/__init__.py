"""Graphs of tensors, and networks on tensors."""
