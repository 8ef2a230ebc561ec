"""What the course consists of: its folder, its settings (typed TOML), its assignments, and what tests can load.

Every package may import it; it imports only `errors`.
"""
