"""control.py JSON...: tells the portal at $BICONNECTOR_PORTAL_URL how to behave.

Each argument is the body of a request to /control, as README.md describes it.  Prints nothing
unless the portal refuses one.
"""

import os
import sys
import urllib.error
import urllib.request


def main():
    url = os.environ["BICONNECTOR_PORTAL_URL"] + "/control"
    for body in sys.argv[1:]:
        request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request).close()
        except urllib.error.HTTPError as error:
            sys.exit(error.read().decode())


if __name__ == "__main__":
    main()
