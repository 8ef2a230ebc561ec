"""The command `gradkit`. Each command is a few lines over a function of another package."""
