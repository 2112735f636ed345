"""`sfumato serve`"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sfumato.cli.display import console
from sfumato.cli.groups import COMMON, SERVER, OffloadOption, PrecisionOption, TiledOption
from sfumato.cli.opening import open_model
from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.hosts import is_loopback
from sfumato.hub import Model
from sfumato.hub.config import is_run
from sfumato.hub.diffusers.memory import PLAIN, Memory
from sfumato.hub.loading import NoPipeline
from sfumato.serving import Engine, Full, Pool
from sfumato.serving.page import Studio, built
from sfumato.serving.tasks import KEPT_BYTES, SHARED_BYTES, SHARED_JOBS

if TYPE_CHECKING:
    from sfumato.serving.trainings import Trainings
    from sfumato.serving.worker import Worker

MAX_WORKERS = 64
PORT, HOST = 8000, "127.0.0.1"
MAX_DRAIN = 3600  # seconds
MAX_TTL = 10 * 365 * 24  # hours
MAX_QUOTA = 2**40
DRAIN = 25.0  # seconds, of the 30 that Kubernetes gives
MIN_TOKEN = 16  # characters
RETRY_SECONDS = 1.0  # until a model whose jobs haven't ended is looked at again
Port = Annotated[
    int, Parameter(group=SERVER, help=f"Where to listen; 0 for any free port [default: {PORT}].", show_default=False)
]
Host = Annotated[
    str,
    Parameter(
        group=SERVER,
        help=f"{HOST} is this machine alone; 0.0.0.0 every machine that can reach it [default: {HOST}].",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Service:
    """Where a service is, who may ask it, and what it keeps: the options of `serve`. With `runs`, where they are kept,
    runs may be trained on `data`, by name."""

    token: str | None = None
    jobs: Path | None = None
    database: str | None = None
    ttl: float | None = None
    quota: int | None = None
    memory: Memory = PLAIN
    proxies: tuple[str, ...] = ()
    rate: int | None = None
    drain: float = DRAIN
    log: bool = False
    port: int = PORT
    host: str = HOST
    workers: int = 1
    runs: Path | None = None
    data: Mapping[str, str] = field(default_factory=dict)


def serve(
    *models: Annotated[
        Path, Parameter(help="Runs such as runs/photos, or digits, which ships.", show_default=False, negative="")
    ],
    token: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            env_var="SFUMATO_TOKEN",
            help="What clients must have to be answered, at least 16 characters.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        Path | None,
        Parameter(
            group=COMMON,
            help="A file, made if need be, in which accepted jobs outlive the service, such as jobs.sqlite.",
            show_default=False,
        ),
    ] = None,
    database: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            env_var="SFUMATO_DATABASE",
            help="A PostgreSQL in which several services have their jobs, such as postgresql://user@host/name.",
            show_default=False,
        ),
    ] = None,
    ttl: Annotated[
        float | None,
        Parameter(group=SERVER, help="For how many hours pictures are kept once they are done [default: no bound]."),
    ] = None,
    quota: Annotated[
        int | None,
        Parameter(
            group=SERVER,
            help="How many MiB of pictures are kept, the newest "
            f"[default: {KEPT_BYTES >> 20}; {SHARED_BYTES >> 20} with --database].",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int,
        Parameter(
            group=COMMON,
            help="How many processes draw, of one thread each; 1 is this one, with all threads [default: 1].",
            show_default=False,
        ),
    ] = 1,
    precision: PrecisionOption = None,
    offload: OffloadOption = False,
    tiled: TiledOption = False,
    proxy: Annotated[
        list[str] | None,
        Parameter(
            group=SERVER,
            negative="",
            help="The address of a proxy before it, or a network such as 10.0.0.0/8: who asks is whom it names in "
            "X-Forwarded-For. Several one after another.",
        ),
    ] = None,
    rate: Annotated[
        int | None, Parameter(group=SERVER, help="How often a client may ask for work in a minute [default: no bound].")
    ] = None,
    drain: Annotated[
        float,
        Parameter(
            group=SERVER,
            help=f"How many seconds it goes on at SIGTERM, to finish what it has [default: {DRAIN:g}].",
            show_default=False,
        ),
    ] = DRAIN,
    log: Annotated[
        bool,
        Parameter(group=SERVER, help="A line of JSON about each request, to stderr.", negative="", show_default=False),
    ] = False,
    port: Port = PORT,
    host: Host = HOST,
) -> None:
    """Serve models over HTTP: POST /v1/images/generations, as OpenAI's clients ask for pictures.

    Pictures of all clients are generated together, and each is the one that `sfumato sample` generates.
    """
    if not models:
        raise SfumatoError("say what to serve: a run such as runs/photos, or digits, which ships.")
    memory = Memory(precision or "fp32", offload, tiled)  # type: ignore[arg-type]
    how = Service(token, jobs, database, ttl, quota, memory, tuple(proxy or ()), rate, drain, log, port, host, workers)

    def announce(names: Sequence[str], address: str) -> None:
        studio = f", with the studio at {address}" if built() else ""
        console.print(f"Serving {', '.join(names)} at {address}/v1{studio}   (Ctrl-C ends it)", soft_wrap=True)

    run_service(named_models(models), how, announce)


def run_service(models: Mapping[str, Path], how: Service, announce: Callable[[Sequence[str], str], object]) -> None:
    """Serve `models`, by what clients call them, until Ctrl-C; once it listens, `announce` is given their names and the
    address."""
    try:
        from sfumato.serving.models import describe
        from sfumato.serving.phase import Phase
        from sfumato.serving.rates import Rates
        from sfumato.serving.server import Server
        from sfumato.serving.service import make_app
    except ImportError as error:
        raise SfumatoError(f"serving needs {error.name}, which isn't here: pip install 'sfumato[serve]'.") from error
    token, jobs, host = how.token, how.jobs, how.host
    if token is not None and len(token) < MIN_TOKEN:
        raise SfumatoError(f"--token is guessed too soon; give one of {MIN_TOKEN} characters or more.")
    if token is None and not is_loopback(host):
        raise SfumatoError(f"{host} is open to others; give a --token, without which nobody is answered.")
    if how.rate is not None and how.rate < 1:
        raise SfumatoError(f"--rate is how often a client may ask in a minute, at least 1, got {how.rate}.")
    if not 0 <= how.drain <= MAX_DRAIN:
        raise SfumatoError(f"--drain is 0 to {MAX_DRAIN:,} seconds, got {how.drain:g}.")
    _check_keeping(how)
    proxies = _networks(how.proxies)
    if not 1 <= how.workers <= MAX_WORKERS:
        raise SfumatoError(f"--workers is 1 to {MAX_WORKERS} processes, got {how.workers}.")
    loaders = {name: partial(_opened, path, how.memory) for name, path in models.items()}
    phase = Phase()
    with ExitStack() as stack:
        engine = Engine(loaders) if how.workers == 1 else stack.enter_context(closing(Pool(loaders, how.workers)))
        about, pipelines = {}, 0
        for name in loaders:
            model = _servable(name, engine.model(name))
            about[name] = describe(name, model)
            pipelines += bool(model.config.pipeline)
        if how.memory != PLAIN and not pipelines:
            raise SfumatoError(
                "none of these is a folder of diffusers, which alone may be held otherwise; leave --precision, "
                "--offload and --tiled out."
            )
        listener = stack.enter_context(_listening(host, how.port))
        worker = stack.enter_context(_worker(engine, how))

        def ended() -> None:
            if runs is not None:
                runs.close()
            if left := worker.left().result():
                where = "left to the other services" if how.database else f"kept in {jobs}" if jobs else "dropped"
                console.print(f"Ended; {where}: {_counted(left)}.", soft_wrap=True)

        async def busy() -> int:
            return await asyncio.wrap_future(worker.unkept())

        rates = None if how.rate is None else Rates(how.rate)
        log = _logged if how.log else None
        runs = None if how.runs is None else _trainings(how.runs, how.data, worker, about)
        app = Studio(make_app(worker, about, is_loopback(host), token, phase, rates, log, runs))
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        announce(list(about), address)
        for name, count in worker.absent.items():
            why = "no more are taken up now" if name in about else "which isn't served"
            console.print(f"Kept in {jobs}: {_counted(count)} of {name}, {why}.", soft_wrap=True)
        Server(app, phase, ended, busy, how.drain, proxies).run([listener])


def _opened(path: Path, memory: Memory) -> Model:
    """A model to be served, held as `memory` says where it is a pipeline."""
    try:
        return open_model(path, memory=memory)
    except NoPipeline:
        return open_model(path)


def _check_keeping(how: Service) -> None:
    if how.database is not None and how.jobs is not None:
        raise SfumatoError("--database and --jobs both say where jobs are kept; leave one of them out.")
    if how.ttl is not None and not 0 < how.ttl <= MAX_TTL:
        raise SfumatoError(f"--ttl is up to {MAX_TTL:,} hours, got {how.ttl:g}.")
    if how.quota is not None and not 1 <= how.quota <= MAX_QUOTA >> 20:
        raise SfumatoError(f"--quota is 1 to {MAX_QUOTA >> 20:,} MiB, got {how.quota}.")


def _worker(engine: Engine, how: Service) -> Worker:
    """The worker of `engine`, with what has been kept; raises SfumatoError where that can't be had."""
    from sfumato.serving.store import Store
    from sfumato.serving.tasks import Keeping
    from sfumato.serving.worker import Worker

    size = None if how.quota is None else how.quota << 20
    seconds = None if how.ttl is None else 3600 * how.ttl
    if how.database is None:
        store = None if how.jobs is None else Store(how.jobs)
        return Worker(engine, store, Keeping(size=size or KEPT_BYTES, seconds=seconds))
    try:
        from sfumato.serving.database import Database
        from sfumato.serving.shared import SharedWorker
    except ImportError as error:
        why = f"--database needs {error.name}, which isn't here: pip install 'sfumato[serve,database]'."
        raise SfumatoError(why) from error
    keeping = Keeping(SHARED_JOBS, size or SHARED_BYTES, seconds)
    return SharedWorker(engine, Database(how.database), keeping)


def _servable(name: str, model: Model) -> Model:
    if not KINDS[kind := model.config.seen[0]].spatial:
        raise SfumatoError(f"{name} generates {kind}, and pictures and clips alone are served; leave it out.")
    return model


def _trainings(runs: Path, data: Mapping[str, str], worker: Worker, about: dict[str, dict[str, Any]]) -> Trainings:
    """What trains in `runs`, whose models are served as soon as a training is over."""
    from sfumato.serving.models import describe
    from sfumato.serving.trainings import Trainings

    own = {name for name in about if is_run(runs / name)}

    def ended(name: str, folder: Path) -> None:
        if not is_run(folder):  # it was deleted meanwhile
            return
        try:
            model = worker.serve(name, partial(open_model, folder)).result()
        except Full:  # its jobs haven't ended
            threading.Timer(RETRY_SECONDS, ended, (name, folder)).start()
            return
        own.add(name)
        about[name] = describe(name, model)

    def dropped(name: str) -> None:
        if name in own:
            worker.unserve(name).result()
            own.discard(name)
            del about[name]

    return Trainings(runs, data, ended, dropped)


def _logged(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _networks(given: Sequence[str]) -> list[str]:
    """Addresses and networks."""
    found = []
    for one in given:
        try:
            network = ipaddress.ip_network(one, strict=False)
        except ValueError as error:
            raise SfumatoError(f"--proxy is an address or a network such as 10.0.0.0/8, not '{one}'.") from error
        found.append(str(network) if "/" in one else one)
    return found


def _counted(count: int) -> str:
    return f"{count} accepted job{'s' * (count != 1)} not yet drawn"


def named_models(models: Sequence[Path]) -> dict[str, Path]:
    """The models by what clients call them: the last part of each path."""
    named: dict[str, Path] = {}
    for path in models:
        name = path.resolve().name if path.exists() else str(path)
        if name in named:
            raise SfumatoError(f"two models are called {name}; clients couldn't tell them apart, so rename a folder.")
        named[name] = path
    return named


def _listening(host: str, port: int) -> socket.socket:
    """A socket at `host`:`port`; raises SfumatoError where there can't be one."""
    if not 0 <= port < 65536:
        raise SfumatoError(f"a port lies between 0 and 65535, got {port}.")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SfumatoError(f"port {port} is taken; choose another, or --port 0 for any free one.") from error
        why = (error.strerror or str(error)).lower()
        raise SfumatoError(f"{host}:{port} can't be listened on ({why}); give another --host or --port.") from error
