"""The scripts in docs/examples: that they parse, and that what they call takes the options they give."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sfumato.cli import app

DOCS = Path(__file__).parents[2] / "docs"
SLURM, KUBERNETES = DOCS / "examples" / "train.slurm", DOCS / "examples" / "train.yaml"
# https://slurm.schedmd.com/sbatch.html
DIRECTIVES = {
    "job-name": r"\w+",
    "nodes": r"\d+",
    "ntasks-per-node": r"\d+",
    "gpus-per-node": r"\d+",
    "cpus-per-task": r"\d+",
    "time": r"\d+:\d\d:\d\d",
    "signal": r"USR1@\d+",
    "requeue": "",
    "open-mode": "append|truncate",
    "output": r"[-%\w.]+",
}


def assert_sfumato_takes(arguments: list[str]) -> None:
    """Raises where an option is unknown or a value isn't one."""
    command, bound, *_ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    assert command.__name__ == arguments[0] and bound.arguments["resume"]


def test_the_slurm_script() -> None:
    assert subprocess.run(["bash", "-n", SLURM]).returncode == 0
    script = SLURM.read_text()
    directives = re.findall(r"^#SBATCH --([-\w]+)=?(.*)$", script, re.M)
    assert len(directives) == script.count("\n#SBATCH") >= 5
    assert script.rindex("\n#SBATCH") < re.search(r"^[^#\n]", script, re.M).start()  # after a command none is read
    for name, value in directives:
        assert re.fullmatch(DIRECTIVES[name], value), f"--{name}={value}"
    tasks = re.search(r"srun .*bash -c '(.*?)'", script, re.S)[1]
    assert subprocess.run(["bash", "-n", "-c", tasks]).returncode == 0
    assert_sfumato_takes(shlex.split(re.search(r"exec sfumato (.*)", tasks)[1]))


def test_the_kubernetes_job() -> None:
    yaml = pytest.importorskip("yaml")
    from torch.distributed.run import get_args_parser

    service, job = yaml.safe_load_all(KUBERNETES.read_text())
    assert (service["kind"], job["kind"], job["spec"]["completionMode"]) == ("Service", "Job", "Indexed")
    pod = job["spec"]["template"]["spec"]
    assert (
        service["metadata"]["name"] == pod["subdomain"] and service["spec"]["selector"]["job-name"] == pod["subdomain"]
    )
    (container,) = pod["containers"]
    launcher, *arguments = container["command"]
    given = get_args_parser().parse_args(arguments)
    assert launcher == "torchrun" and given.module and given.training_script == "sfumato"
    name, service_name = given.rdzv_endpoint.split(":")[0].split(".")
    assert name == f"{job['metadata']['name']}-0" and service_name == pod["subdomain"]
    assert given.nnodes == f"1:{job['spec']['parallelism']}"
    assert str(given.nproc_per_node) == container["resources"]["limits"]["nvidia.com/gpu"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert_sfumato_takes(given.training_script_args)


def test_the_commands_in_the_manual() -> None:
    from torch.distributed.run import get_args_parser

    text = (DOCS / "clusters.md").read_text()
    (line,) = re.findall(r"^torchrun (.*)$", text, re.M)
    given = get_args_parser().parse_args(shlex.split(line))
    app.parse_args(given.training_script_args, exit_on_error=False, print_error=False)
    get_args_parser().parse_args([*shlex.split(re.search(r"`(--signals-to-handle .*?)`", text)[1]), "script"])
    launch = pytest.importorskip("accelerate.commands.launch")
    (line,) = re.findall(r"^accelerate launch (.*)$", text, re.M)
    given = launch.launch_command_parser().parse_args(shlex.split(line))
    assert given.module and given.training_script == "sfumato"
    for path in re.findall(r"\]\((examples/.*?)\)", text):
        assert (DOCS / path).exists()
