"""Grade a class: grader processes, the order of phases, the folder of reports."""
