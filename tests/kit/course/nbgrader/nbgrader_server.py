"""A server that runs nbgrader's commands without the two seconds that each takes to import nbgrader.

It imports nbgrader once and forks for every command; the fork runs what the script `nbgrader` runs. A request is a line
of JSON on standard input: arguments, folder, environment, and the file for the output. The reply, on standard output,
has the exit status and the processor time in seconds.
"""

import json
import os
import signal
import sys

import gradkit.course.nbgrader  # noqa: F401 (nbgrader_config.py imports it)
from nbgrader.apps.nbgraderapp import main

MAX_SECONDS = 600
"""How long a command can take before it is ended."""


def serve():
    """Run the commands that are requested until standard input is closed."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            run_command(request)
        _, status, usage = os.wait4(child, 0)
        reply = {"status": os.waitstatus_to_exitcode(status), "cpu_seconds": usage.ru_utime + usage.ru_stime}
        print(json.dumps(reply), flush=True)


def run_command(request):
    """Run the command in this process, and exit."""
    signal.alarm(MAX_SECONDS)
    output = os.open(request["output"], os.O_WRONLY)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["nbgrader", *request["arguments"]]
    sys.exit(main())


serve()
