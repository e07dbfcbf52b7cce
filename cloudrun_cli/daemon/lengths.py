"""How long, how fast and how many: the settings that are heeded while the daemon runs."""

from cloudrun_cli.settings import Settings


class Lengths:
    """Settings that may be made anew while the daemon runs; read again when somebody has rung."""

    def __init__(self) -> None:
        self.read()

    def read(self) -> None:
        """What is set now. Raises InvalidArgument."""
        settings = Settings()
        self.startup = settings.duration("emulator/startup_timeout")
        self.idle = settings.duration("emulator/idle_timeout")
        self.settle = settings.duration("emulator/settle_time")
        self.speed = settings.speed("emulator/time_scale")
        self.tasks = settings.count("emulator/max_running_tasks")
