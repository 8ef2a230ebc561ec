def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes(source.encode("utf-16"))
