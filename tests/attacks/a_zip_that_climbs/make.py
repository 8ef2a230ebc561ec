import zipfile


def make(target, source):
    with zipfile.ZipFile(f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("engine.py", source)
        for up in range(1, 12):
            archive.writestr("../" * up + "tmp/gradkit-attack-climbed.py", "")
        archive.writestr("../gradkit-attack-climbed.py", "")
        archive.writestr("..\\\\..\\\\engine.py", "raise SystemExit(0)")
