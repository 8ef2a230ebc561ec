import stat
import zipfile


def make(target, files):
    with zipfile.ZipFile(f"{target}.zip", "w") as archive:
        for name, goal in (("engine.py", "/etc/passwd"), ("work", "/")):
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, goal)
