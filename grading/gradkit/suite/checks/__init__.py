"""What graded tests call: ask a submission's objects about a corpus and compare the answers with PyTorch's."""
