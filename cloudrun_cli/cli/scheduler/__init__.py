"""Cloud Scheduler: jobs that call an address by cron."""
