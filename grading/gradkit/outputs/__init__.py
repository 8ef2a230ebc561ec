"""What is made of a report: a terminal's table, CSV, HTML, a gradebook. One file each."""
