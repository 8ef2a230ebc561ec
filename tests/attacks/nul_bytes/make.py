def make(target, files):
    target.mkdir()
    (target / "engine.py").write_bytes(files["engine.py"].encode() + b"\0" * 10)
