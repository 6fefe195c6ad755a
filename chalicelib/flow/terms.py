"""What we may do on a connection. Apart from `shops`, because the hook, which judges nothing, imports that one."""

from chalicelib.core.settle import Terms
from chalicelib.core.words import Group, Mode
from chalicelib.flow.shops import adapter_of
from chalicelib.ports.stores import Connection


def terms_of(connection: Connection, storm: frozenset[str] = frozenset()) -> Terms:
    """Its modes, and the levers of its platform. One out of use is observed."""
    adapter = adapter_of(connection)
    levers = adapter.levers
    return Terms(
        modes={Group(group): Mode(mode) for group, mode in connection.modes.items()} if connection.active else {},
        acts_from=connection.acts_from,
        levers=frozenset(levers),
        undo={name: lever.undo for name, lever in levers.items() if lever.reverse != "none" and lever.undo},
        looks=adapter.looks,
        storm=storm,
    )
