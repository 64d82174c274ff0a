# syntax=docker/dockerfile:1
# The dashboard for production: web, worker and migrations are the same image with another command (compose.yaml).

FROM python:3.11-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements/production.txt /tmp/production.txt
# Exactly the files that were locked; pip refuses any other.
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/production.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DJANGO_READ_DOT_ENV=off LOG_FORMAT=json
RUN groupadd --gid 10001 dashboard \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin dashboard
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py gunicorn.conf.py pyproject.toml ./
COPY dashboard dashboard
COPY contacts_ui contacts_ui
COPY templates templates
COPY static static
COPY bin bin
COPY deploy/nginx deploy/nginx
# For practice, where no vendor has keys.
COPY sandbox sandbox
# The static files belong to this version, so they are collected into it. The key signs nothing here, and is not kept.
RUN DJANGO_SECRET_KEY=for-collecting-static-files-alone python manage.py collectstatic --noinput --verbosity 0 \
 && python -m compileall -q bin dashboard contacts_ui sandbox \
 && mkdir -p var/live var/practice /metrics /ledger-heads \
 && chown 10001:10001 var \
 && chown -R 10001:10001 var/live var/practice /metrics /ledger-heads
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# nginx in front of gunicorn, for running the image alone; compose.yaml has its own proxy.
CMD ["python", "bin/serve.py", "--bind", "0.0.0.0:8000"]
