def make(target, files):
    (target / "engine.py").mkdir(parents=True)
    (target / "engine.py" / "__init__.py").write_text(files["engine.py"])
