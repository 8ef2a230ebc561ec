"""Networks, calls of loss functions and training runs as data, and the examples to train on."""
