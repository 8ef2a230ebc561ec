def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes(("x = " + "(" * 100_000 + "1" + ")" * 100_000 + "\n" + source).encode())
