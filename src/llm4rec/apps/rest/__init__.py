"""The engine over HTTP: thin async doors that hand the work to threads. Loads FastAPI only when a service is made.

`app.create_app(live, settings)` is the application, `serving.serve` the process around it, `keys` who may enter.
"""
