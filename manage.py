#!/usr/bin/env python
"""Django's command line, with the settings of this project."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from neuralink_site.embedded_postgres import EmbeddedPostgresError


def main() -> None:
    """Run one command; what the operator can correct is told by a sentence instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EmbeddedPostgresError) as error:
        sys.exit(str(error))
    except PermissionError as error:
        sys.exit(
            f"{error.filename} may not be used by this account ({error.strerror}): run as the account that owns it, "
            "or set NEURALINK_HOME to a folder of your own."
        )


if __name__ == "__main__":
    main()
