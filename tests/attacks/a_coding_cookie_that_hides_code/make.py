def make(target, files):
    target.mkdir()
    (target / "engine.py").write_bytes(b"# coding: utf-7\n# +AAo-raise SystemExit(0)\n")
