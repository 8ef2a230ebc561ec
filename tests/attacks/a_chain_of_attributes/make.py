def make(target, files):
    target.mkdir()
    (target / "engine.py").write_bytes(("x = x" + ".x" * 100_000 + "\n" + files["engine.py"]).encode())
