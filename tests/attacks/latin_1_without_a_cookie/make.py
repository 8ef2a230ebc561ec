def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes("author = 'Jos\xe9'\n".encode("latin-1") + source.encode())
