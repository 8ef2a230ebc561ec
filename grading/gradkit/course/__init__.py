"""What the course is made into: the student's template, the release."""
