"""What is right: PyTorch's answers, complex-step answers while reducing, and the comparison with them."""
