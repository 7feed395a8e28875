"""What a person or program sees of an error: one place that turns errors into output and an exit code."""

import sys
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from yoi.shell.exit_codes import INTERNAL, get_exit_code

if TYPE_CHECKING:
    from click import ClickException

    from yoi_bundle.errors import YoiError


def report_error(error: "YoiError", *, as_json: bool) -> int:
    """Print a typed error, with every fault and reason it carries; return the exit code."""
    if as_json:
        from yoi.shell.output import print_json

        print_json({"error": describe_error(error)})
    else:
        from yoi.render.errors import print_error

        print_error(error)
    return get_exit_code(error)


def describe_error(error: "YoiError") -> dict[str, Any]:
    """Return the stable JSON form: code, retryable, message, remedy, details."""
    return {
        "code": error.code,
        "retryable": error.retryable,
        "message": str(error),
        "remedy": error.remedy,
        "details": error.details(),
    }


def report_command_line_fault(error: "ClickException", *, as_json: bool) -> None:
    """Print why a command line was not understood."""
    if not as_json:
        error.show()
        return
    from yoi.shell.output import print_json

    details = {"field": "arguments", "message": error.format_message()}
    print_json(
        {
            "error": {
                "code": "request.invalid",
                "retryable": False,
                "message": f"{details['field']}: {details['message']}",
                "remedy": "see `--help`",
                "details": details,
            }
        }
    )


def report_internal_fault(error: BaseException, *, as_json: bool) -> int:
    """Print what is needed to find a fault of this program, and no value that it was working on."""
    places = [
        f"{PurePath(frame.filename).name}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    if as_json:
        from yoi.shell.output import print_json

        details = {"exception": type(error).__name__, "places": places}
        print_json(
            {
                "error": {
                    "code": "internal",
                    "retryable": False,
                    "message": "internal fault",
                    "remedy": "report it with these places",
                    "details": details,
                }
            }
        )
    else:
        print(f"internal fault: {type(error).__name__}; please report it with these places:", file=sys.stderr)
        for place in places:
            print(f"  {place}", file=sys.stderr)
    return INTERNAL
