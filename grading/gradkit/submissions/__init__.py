"""A student's code, held at arm's length: `Subject` handles over a transport. Nothing else touches them."""
