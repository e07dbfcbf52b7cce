"""Everything that can go wrong and is somebody's business to know.

    CloudRunError                code                 exit  HTTP
    ├── InvalidArgument          INVALID_ARGUMENT        1   400
    │   └── InvalidTraffic
    ├── FailedPrecondition       FAILED_PRECONDITION     1   400
    │   ├── ImageNotFound
    │   ├── ImageUnsupported
    │   ├── BuildFailed
    │   ├── StartFailed
    │   └── SecretsRefused
    ├── Unauthenticated          UNAUTHENTICATED         1   401
    ├── PermissionDenied         PERMISSION_DENIED       1   403
    ├── NotFound                 NOT_FOUND               1   404
    ├── AlreadyExists            ALREADY_EXISTS          1   409
    ├── Conflict                 ABORTED                 1   409
    ├── ResourceExhausted        RESOURCE_EXHAUSTED      1   429
    ├── Unimplemented            UNIMPLEMENTED           1   501
    ├── Unavailable              UNAVAILABLE             1   503
    │   └── EngineUnavailable
    ├── DeadlineExceeded         DEADLINE_EXCEEDED       1   504
    └── Aborted                  CANCELLED               1   499

Anything that is not in this tree is our own bug. Codes: google.rpc.Code.
"""

from enum import StrEnum


class Code(StrEnum):
    """The canonical codes that this project answers with."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    ABORTED = "ABORTED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CANCELLED = "CANCELLED"
    INTERNAL = "INTERNAL"


class CloudRunError(Exception):
    """A failure with a canonical code, a sentence for its reader, the field it is about and what to do next."""

    code = Code.INTERNAL

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint


class InvalidArgument(CloudRunError):
    """A value that the rules refuse, whatever the state."""

    code = Code.INVALID_ARGUMENT


class InvalidTraffic(InvalidArgument):
    """A traffic split that does not add up or names something that cannot be reached."""


class FailedPrecondition(CloudRunError):
    """A request that the present state refuses."""

    code = Code.FAILED_PRECONDITION


class ImageNotFound(FailedPrecondition):
    """No such image on the engine, nor in its registry."""


class ImageUnsupported(FailedPrecondition):
    """An image that this runtime cannot run: another architecture, or no engine to run images on."""


class BuildFailed(FailedPrecondition):
    """A source that did not become an image. The message carries the last lines of the build."""


class StartFailed(FailedPrecondition):
    """An instance that could not be started at all: entry point missing, no permission to run it."""


class SecretsRefused(FailedPrecondition):
    """Secrets that a revision asks for and its service account cannot read: missing, not enabled, or not allowed."""


class Unauthenticated(CloudRunError):
    """Nobody knows who is calling: no token, or none that is believed."""

    code = Code.UNAUTHENTICATED


class PermissionDenied(CloudRunError):
    """The caller is known and may not."""

    code = Code.PERMISSION_DENIED


class NotFound(CloudRunError):
    """No such resource in this project and region."""

    code = Code.NOT_FOUND


class AlreadyExists(CloudRunError):
    """The name is taken."""

    code = Code.ALREADY_EXISTS


class Conflict(CloudRunError):
    """Somebody else changed it first: the resource version is stale."""

    code = Code.ABORTED


class ResourceExhausted(CloudRunError):
    """A quota is used up."""

    code = Code.RESOURCE_EXHAUSTED


class Unimplemented(CloudRunError):
    """A thing of the real product that is not built here."""

    code = Code.UNIMPLEMENTED


class Unavailable(CloudRunError):
    """Something needed does not answer now."""

    code = Code.UNAVAILABLE


class EngineUnavailable(Unavailable):
    """No Docker engine answers."""


class DeadlineExceeded(CloudRunError):
    """It took longer than it may."""

    code = Code.DEADLINE_EXCEEDED


class Aborted(CloudRunError):
    """The user said no."""

    code = Code.CANCELLED
