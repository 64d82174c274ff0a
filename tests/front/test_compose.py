"""compose.yaml and what it mounts, tested without Docker."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import requests
import yaml

from .processes import ROOT, free_port, started, until
from .test_serve import front, nginx  # noqa: F401 - fixtures

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# Every secret that a service is given, by the name that is filled in.
SECRETS = {
    "proxy": set(),
    "roles": {"POSTGRES_PASSWORD", "DATABASE_OWNER_PASSWORD", "DATABASE_APP_PASSWORD"},
    "migrate": {"DATABASE_OWNER_PASSWORD"},
    "web": {"DATABASE_APP_PASSWORD", "REDIS_PASSWORD"},
    "worker": {"DATABASE_APP_PASSWORD", "REDIS_PASSWORD"},
    "postgres": {"POSTGRES_PASSWORD"},
    "redis": {"REDIS_PASSWORD"},
    "sandbox": set(),
}


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_what_it_needs_and_no_more(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    assert ("ports" in service) == (name == "proxy")
    # The vendors' keys are in .env.
    assert ("env_file" in service) == (name in {"web", "worker"})
    given = re.findall(r"\$\{([A-Z_]+PASSWORD|[A-Z_]*KEY)", str(service.get("environment", {})))
    assert set(given) == SECRETS[name]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["web", "worker"])
def test_other_roles_passwords_do_not_get_in_with_the_file(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert environment["DATABASE_URL"].startswith("postgres://dashboard_app:")
    every = set().union(*SECRETS.values())
    assert {secret: environment[secret] for secret in every} == dict.fromkeys(every, "")


def test_only_the_proxys_own_address_is_believed() -> None:
    address = SERVICES["proxy"]["networks"]["front"]["ipv4_address"]
    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == f"{address}/32"
    assert [name for name, each in SERVICES.items() if "front" in each["networks"]] == [
        "proxy",
        "web",
    ]
    assert COMPOSE["networks"]["data"]["internal"] is True


def test_what_is_written_outside_the_database_is_kept() -> None:
    """The file system is read-only, and a new volume belongs to the account of the image's folder."""
    made_for_10001 = re.findall(r"chown -R 10001:10001 (.+)", (ROOT / "Dockerfile").read_text())[-1]
    mounts = [volume.rsplit(":", 1)[1] for volume in SERVICES["worker"]["volumes"]]
    environment = SERVICES["worker"]["environment"]
    for folder in (environment["METRICS_DIR"], str(Path(environment["LEDGER_HEAD_FILE"]).parent)):
        assert folder in mounts
        assert folder in made_for_10001.split()


@pytest.fixture(scope="module")
def proxy(front: str, nginx: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: F811
    """Start compose's nginx over the echo; return its address."""
    folder = tmp_path_factory.mktemp("proxy")
    folder.chmod(0o755)
    pair = ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, *pair], check=True, capture_output=True)
    plain, secure = free_port(), free_port()
    text = (ROOT / "deploy/nginx/compose.conf").read_text()
    for ours, here in {
        "/tmp/": f"{folder}/",  # noqa: S108 - first, since our own folder starts the same way
        "/etc/nginx/dashboard": str(ROOT / "deploy/nginx"),
        "/etc/nginx/tls": str(folder),
        "/var/cache/nginx": str(folder),
        "server web:8000 resolve;": f"server {front};",
        "listen 8080": f"listen 127.0.0.1:{plain}",
        "listen 8443": f"listen 127.0.0.1:{secure}",
    }.items():
        assert ours in text
        text = text.replace(ours, here)
    (folder / "compose.conf").write_text(text)
    (command,) = SERVICES["proxy"]["command"]
    for ours, here in {
        "$$": "$",
        "${HTTPS_PORT:-443}": "8444",
        "/tmp/": f"{folder}/",  # noqa: S108
        "exec nginx": f"exec {nginx} -p {folder}",
        "/etc/nginx/dashboard": str(folder),
    }.items():
        assert ours in command
        command = command.replace(ours, here)
    with started(["sh", "-c", command], folder / "log") as process:
        until(lambda: (folder / "nginx.pid").exists() or process.poll() is not None, "the proxy")
        assert process.poll() is None, (folder / "log").read_text()
        yield f"localhost:{secure} {plain} {folder / 'certificate.pem'}"


def test_the_proxy_says_https_and_the_real_address(proxy: str) -> None:
    secure, plain, certificate = proxy.split()
    sent = {
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "203.0.113.9",
        "Host": "contacts.example",
    }
    session = requests.Session()
    session.trust_env, session.verify = False, certificate
    reached = session.get(f"https://{secure}/", headers=sent, timeout=60).json()
    assert reached["HTTP_X_FORWARDED_PROTO"] == "https"
    assert reached["HTTP_HOST"] == "contacts.example"
    assert reached["HTTP_X_FORWARDED_FOR"].startswith("203.0.113.9, 127.0.0.1")
    large = session.post(f"https://{secure}/accounts/login/", b"x" * 70_000, timeout=60)
    assert large.status_code == 413
    sent_on = session.get(
        f"http://127.0.0.1:{plain}/a/?b=1", headers=sent, allow_redirects=False, timeout=60
    )
    assert (sent_on.status_code, sent_on.headers["Location"]) == (
        308,
        "https://contacts.example:8444/a/?b=1",
    )


def test_redis_wants_its_password(tmp_path: Path) -> None:
    (command,) = SERVICES["redis"]["command"]
    port = free_port()
    command = command.replace("$$", "$").replace("redis-server -", f"redis-server - --port {port}")
    environment = {"REDIS_PASSWORD": "letters", "PATH": "/usr/bin:/bin"}
    if not which("redis-server"):
        pytest.skip("redis-server is not installed")
    ping = [
        sys.executable,
        "-c",
        "import redis, sys; print(redis.Redis.from_url(sys.argv[1]).ping())",
    ]

    def asked(password: str) -> str:
        url = f"redis://{password}127.0.0.1:{port}/0"
        done = subprocess.run([*ping, url], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    with started(["sh", "-c", command], tmp_path / "log", env=environment, cwd=tmp_path):
        until(lambda: "True" in asked(":letters@"), "Redis")
        assert "AuthenticationError" in asked("")
