"""The error shape of Google's APIs, made in one place. Source: google.rpc.Status over HTTP (AIP-193)."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from cloudrun_cli.core.errors import CloudRunError, Code, NotFound, Unimplemented

HTTP = {
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.ABORTED: 409,
    Code.CANCELLED: 499,
    Code.INTERNAL: 500,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}
_API_PATHS = ("/apis/", "/api/", "/v1/", "/v2/", "/v1beta1/", "/v1alpha1/", "/v2beta1/")


def of_ours(request: Request, error: Exception) -> JSONResponse:
    """The answer to a CloudRunError; its hint follows the message, as clients print the message only."""
    assert isinstance(error, CloudRunError)
    message = f"{error.message} {error.hint}" if error.hint else error.message
    body: dict[str, Any] = {"code": HTTP[error.code], "message": message, "status": str(error.code)}
    if error.code is Code.PERMISSION_DENIED and (error.field or "").count(".") == 2:  # Source: google.rpc.ErrorInfo
        info = {"reason": "IAM_PERMISSION_DENIED", "domain": "iam.googleapis.com"}
        named = {"permission": error.field}
        body["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", **info, "metadata": named}]
    elif error.field:
        violation = {"field": error.field, "description": error.message}
        body["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    return JSONResponse({"error": body}, HTTP[error.code])


def of_routing(request: Request, error: Exception) -> JSONResponse:
    """The answer where no route takes the request: what an API has and we have not is 501, the rest is 404."""
    assert isinstance(error, HTTPException)
    asked = f"{request.method} {request.url.path}"
    if request.url.path.startswith(_API_PATHS):
        return of_ours(request, Unimplemented(f"{asked} is not built yet in this emulator."))
    return of_ours(request, NotFound(f"There is nothing at {asked}."))


def of_bug(request: Request, error: Exception) -> JSONResponse:
    """The answer to a bug of ours; its traceback goes to the log."""
    return of_ours(request, CloudRunError("The emulator has a fault here.", hint="See: cloudrun emulator logs"))
