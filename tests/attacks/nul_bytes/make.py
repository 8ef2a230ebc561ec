def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes(source.encode() + b"\0" * 10)
