"""The labels by which a log entry of a job says whose it is. Source: Cloud Logging, resource cloud_run_job."""

EXECUTION = "run.googleapis.com/execution_name"
INDEX = "run.googleapis.com/task_index"
ATTEMPT = "run.googleapis.com/task_attempt"
