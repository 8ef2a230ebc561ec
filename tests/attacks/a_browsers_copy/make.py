def make(target, files):
    target.mkdir()
    for name, text in files.items():
        (target / name.replace(".", " (1).")).write_text(text)
