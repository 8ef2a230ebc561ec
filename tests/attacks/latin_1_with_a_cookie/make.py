def make(target, source):
    target.mkdir()
    (target / "engine.py").write_bytes("# -*- coding: latin-1 -*-\n# Jos\xe9\n".encode("latin-1") + source.encode())
