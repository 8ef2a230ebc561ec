def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes(source.replace("\n", "\r\n").encode())
