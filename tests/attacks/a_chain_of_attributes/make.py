def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes(("x = x" + ".x" * 100_000 + "\n" + source).encode())
