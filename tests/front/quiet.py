"""gunicorn's configuration for the echo."""

worker_class = "gthread"
workers = 1
threads = 4
control_socket_disable = True
