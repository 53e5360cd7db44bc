"""What hosts the app names files, programs, variables and routes that there are."""

from __future__ import annotations

import re
import shlex

from starlette.routing import Route

from gandash.app.hosting import Limits, routes
from gandash.app.hosting.headers import VISITOR
from gandash.cli.main import COMMANDS
from gandash.storage.paths import PROJECT

DOCKERFILE = (PROJECT / "Dockerfile").read_text()
COMPOSE = (PROJECT / "compose.yaml").read_text()
REPLICAS = (PROJECT / "deploy" / "replicas.yaml").read_text()
PROXY = (PROJECT / "deploy" / "nginx.conf").read_text()
UNIT = (PROJECT / "deploy" / "gandash.service").read_text()
ELSEWHERE = {"RUNS", "DATA"}  # documented with the paths


def test_every_copied_file_is_there_and_reaches_the_image() -> None:
    ignored = (PROJECT / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = shlex.split(line)
        assert all((PROJECT / source).exists() for source in sources), line
        assert not set(sources) & set(ignored)


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert DOCKERFILE.index("\nUSER gandash") < DOCKERFILE.index("\nCMD")


def test_the_health_check_asks_a_route_that_there_is() -> None:
    paths = {route.path for route in routes.routes() if isinstance(route, Route)}
    (asked,) = re.findall(r"127\.0\.0\.1:8501(/\w+)", DOCKERFILE)
    assert asked in paths


def test_the_command_of_image_and_unit_is_gandashs() -> None:
    assert "app" in COMMANDS
    assert '"-m", "gandash", "app"' in DOCKERFILE
    assert "bin/gandash app" in UNIT


def test_every_variable_that_is_set_is_known() -> None:
    known = {name.upper() for name in Limits.model_fields} | ELSEWHERE
    for text in (DOCKERFILE, COMPOSE, REPLICAS, UNIT):
        assert set(re.findall(r"GANDASH_(\w+)[=:]", text)) <= known


def test_every_limit_is_documented() -> None:
    text = (PROJECT / "docs" / "hosting.md").read_text()
    assert not [name for name in Limits.model_fields if f"`GANDASH_{name.upper()}`" not in text]


def test_the_proxy_knows_the_replicas_and_the_cookie() -> None:
    asked = set(re.findall(r"server ([\w-]+):8501", PROXY))
    assert asked == set(re.findall(r"^  ([\w-]+): \*app$", REPLICAS, re.MULTILINE))
    assert f"$cookie_{VISITOR}" in PROXY
    (published,) = re.findall(r'ports: \["8080:(\d+)"\]', REPLICAS)
    assert f"listen {published};" in PROXY
