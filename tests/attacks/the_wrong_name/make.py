def make(target, files):
    target.mkdir()
    (target / "value.py").write_text(files["engine.py"])
