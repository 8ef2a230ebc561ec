import shutil
from pathlib import Path


def make(target, files):
    home = next(folder for folder in Path(__file__).parents if (folder / "student_template").is_dir())
    shutil.copytree(home / "student_template", target)
