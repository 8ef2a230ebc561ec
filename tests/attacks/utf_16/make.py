def make(target, files):
    target.mkdir()
    (target / "engine.py").write_bytes(files["engine.py"].encode("utf-16"))
