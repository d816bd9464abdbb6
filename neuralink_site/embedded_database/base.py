"""A Django database engine: PostgreSQL, with the embedded server started at the first connection.

Not when settings are read: `manage.py help`, a type checker or a build step need no server. And a server that came
back on another port is followed, because every new connection asks anew.
"""

from typing import Any

from django.db.backends.postgresql import base

from neuralink_site import embedded_postgres


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        server = embedded_postgres.start(self.settings_dict["HOME"])
        address = {"host": server.host, "port": server.port, "user": server.role, "password": server.password}
        return super().get_connection_params() | address
