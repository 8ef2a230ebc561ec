"""Grade a class: phases for all students at once, in grader processes, with a folder of reports."""
