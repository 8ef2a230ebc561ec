"""Networks, losses and training runs, and the data to train on."""
