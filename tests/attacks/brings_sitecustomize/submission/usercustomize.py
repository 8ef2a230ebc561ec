import os

open("/tmp/gradkit-attack-site", "w").close()
os._exit(0)
