import warnings
import zipfile


def make(target, source):
    with zipfile.ZipFile(f"{target}.zip", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("engine.py", "class Value: pass")
        archive.writestr("engine.py", source)
