import zipfile


def make(target, source):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada/a3/engine.py", source)
        archive.writestr("ada/a3/notes.md", "done")
        archive.writestr("ada/a3/.venv/lib/engine.py", "raise SystemExit(0)")
