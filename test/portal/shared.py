"""What the portal has in common with the connector beside it, and where to find it."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "connector"))

# pylint: disable=wrong-import-position,unused-import
from request import RequestError, form_of, masked, parse_body, parse_form  # noqa: E402,F401
from server import (Answer, HttpHandler, Server, assignment, serve,         # noqa: E402,F401
                    server_options)
