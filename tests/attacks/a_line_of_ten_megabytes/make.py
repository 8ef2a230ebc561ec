def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes(("x = [" + "0, " * 3_500_000 + "]\n" + source).encode())
