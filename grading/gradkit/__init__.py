"""gradkit: a course kit for building an autograd engine. README.md is the manual."""
