"""What items are asked on: specifications of corpora, how they are drawn, recorded and read."""
