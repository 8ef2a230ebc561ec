def make(target, source):
    (target / "engine.py").mkdir(parents=True)
    (target / "engine.py" / "__init__.py").write_text(source)
