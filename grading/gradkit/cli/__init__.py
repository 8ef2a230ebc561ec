"""The command `gradkit`: a module for each group of people who use it. No other package imports this one."""
