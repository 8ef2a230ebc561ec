def make(target, files):
    target.mkdir()
    (target / "engine.py").write_bytes("author = 'Jos\xe9'\n".encode("latin-1") + files["engine.py"].encode())
