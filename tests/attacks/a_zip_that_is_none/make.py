def make(target, source):
    target.with_name(target.name + ".zip").write_text(source)
