"""Declares what is deployed: one REST API, one function per module of chalicelib.entry. It holds no logic.

Chalice reads this file to package; of the functions, only the REST API imports it when it runs.
"""

from chalice.app import Chalice

from chalicelib.entry import act, apply, audit, hook, late, ops, project, sellers, sweep, wake

app = Chalice(app_name="redress", configure_logs=False)

for entry in (hook, apply, wake, late, act, sweep, project, audit, sellers, ops):
    app.register_blueprint(entry.blueprint)
