def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes(("x = " + "-" * 100_000 + "1\n" + source).encode())
