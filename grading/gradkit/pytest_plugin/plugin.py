"""The entry point of the pytest plugin. Without gradkit's settings or options it does nothing, and costs no time."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradkit", "gradkit: check an engine against PyTorch")
    group.addoption("--submission", metavar="DIR", help="the folder with engine.py (default: as the settings say)")
    group.addoption("--fresh", metavar="N", type=int, help="draw N new graphs an item, and ask live PyTorch")
    group.addoption("--fresh-seed", metavar="S", help="draw the graphs of an earlier --fresh run again")
    group.addoption("--gradkit-results", metavar="FILE", help="write every item's verdict to FILE, as JSON")
    parser.addini("gradkit_submission", "the folder with engine.py, relative to this file")


def pytest_configure(config: pytest.Config) -> None:
    chosen = config.getoption("--submission")
    setting = config.getini("gradkit_submission")
    if chosen or setting:
        from .self_check import register

        folder = config.invocation_params.dir / chosen if chosen else config.rootpath / setting
        register(config, folder)
