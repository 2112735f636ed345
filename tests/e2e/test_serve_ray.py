"""The service on a cluster of one machine: a replica is killed under load, and no accepted job is lost."""

from __future__ import annotations

import base64
import io
import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

import sfumato
from sfumato.data import picture
from sfumato.errors import SfumatoError
from sfumato.hub.resolving import resolve

ray = pytest.importorskip("ray", reason="needs the extra ray: pip install 'sfumato[ray]'")
JOBS = 6
MANIFEST = Path(__file__).parents[2] / "docs" / "examples" / "serve.yaml"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service answers, which two replicas draw for."""
    from ray import serve

    from sfumato.serving.cluster import application

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ray.init(num_cpus=4, include_dashboard=False, logging_level=logging.ERROR)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    jobs = tmp_path_factory.mktemp("jobs") / "jobs.sqlite"
    serve.run(application({"models": "digits", "jobs": str(jobs), "least": "2", "replicas": "2"}))
    yield f"http://127.0.0.1:{port}"
    serve.shutdown()
    ray.shutdown()


def ask(address: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{address}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=300) as answer:
        return json.load(answer)


def events(address: str, name: str) -> Iterator[dict[str, Any]]:
    """How a job stands, until it has ended."""
    with urllib.request.urlopen(f"{address}/v1/jobs/{name}/events", timeout=300) as lines:
        yield from (json.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


def drawing() -> list[psutil.Process]:
    """The replicas that draw."""
    found = psutil.Process().children(recursive=True)
    return [one for one in found if ":drawing" in " ".join(one.cmdline())]


def test_a_replica_is_killed_under_load_and_no_accepted_job_is_lost(address: str) -> None:
    bodies = [{"seeds": f"{number}-{number + 3}", "class": "3", "steps": 40} for number in range(JOBS)]
    names = [ask(address, "/v1/jobs", body)["id"] for body in bodies]
    assert any(event["progress"] for event in events(address, names[0]))
    before = drawing()
    assert len(before) == 2
    before[0].kill()
    model = sfumato.load("digits")
    for number, name in enumerate(names):
        assert [*events(address, name)][-1]["status"] == "done"
        job = ask(address, f"/v1/jobs/{name}")
        request = model.request(range(number, number + 4), "3", sampling=model.settle(True, steps=40))
        for one, x in zip(job["data"], resolve(request, model).samples(), strict=True):
            drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(one["b64_json"]))), int)
            alone = np.asarray(picture(x[None], None, columns=1, scale=1, gap=0), int)
            assert np.abs(drawn - alone).max() <= 1


def test_the_kubernetes_service() -> None:
    yaml = pytest.importorskip("yaml")
    from ray.serve.schema import ServeDeploySchema

    from sfumato.serving.cluster import application

    spec = yaml.safe_load(MANIFEST.read_text())["spec"]
    config = ServeDeploySchema.parse_obj(yaml.safe_load(spec["serveConfigV2"]))
    (app,) = config.applications
    assert app.import_path == f"{application.__module__}:{application.__name__}" and application(app.args)
    groups = [spec["rayClusterConfig"]["headGroupSpec"], *spec["rayClusterConfig"]["workerGroupSpecs"]]
    pods = [group["template"]["spec"] for group in groups]
    assert {deployment.name for deployment in app.deployments} <= {"answering", "drawing"}
    for pod in pods:
        (container,) = pod["containers"]
        assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
        assert container["env"][0]["name"] == "SFUMATO_TOKEN"
    with pytest.raises(SfumatoError, match="'model' says nothing here"):
        application({"model": "digits"})
