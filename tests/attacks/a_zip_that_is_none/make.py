def make(target, files):
    target.with_name(target.name + ".zip").write_text(files["engine.py"])
