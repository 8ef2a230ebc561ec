def make(target, files):
    target.mkdir()
    (target / "engine.py").write_bytes(("x = [" + "0, " * 3_500_000 + "]\n" + files["engine.py"]).encode())
