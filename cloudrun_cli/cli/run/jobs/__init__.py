"""The words after `run jobs`: jobs, their executions, and the tasks of those."""
