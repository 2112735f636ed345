"""Jobs of many services in one PostgreSQL: each is some service's, and another's once that service is no more."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    create_engine,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from sfumato.errors import SfumatoError
from sfumato.serving.jobs import Full, State
from sfumato.serving.store import Kept
from sfumato.serving.tasks import KEPT_JOBS, Keeping

FORMAT = 1
LOCKS = 0x5F0A  # the first word of our advisory locks
SETTING_UP, EXPIRING, OTHERS = 1, 2, 2  # the second word of those that aren't a service's, and the last of these
GRACE_SECONDS = 5.0  # for the services to be heard of again, where the database itself was away
DRIVERS = ("postgresql", "postgres")  # which are psycopg, unless a URL says otherwise
OPTIONS = "-c statement_timeout=15s -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"

TABLES = MetaData()
FORMATS = Table("sfumato_format", TABLES, Column("number", Integer, primary_key=True))
SERVICES = Table("sfumato_services", TABLES, Column("number", Integer, Identity(), primary_key=True))
JOBS = Table(
    "sfumato_jobs",
    TABLES,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("key", Text),
    Column("asked", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("compression", Integer),
    Column("ended", BigInteger),
    Column("service", Integer),  # whose it is to draw; nobody's where there is none
    Column("steps", Integer, nullable=False, server_default="0"),
    Column("size", BigInteger, nullable=False, server_default="0"),  # of its pictures
    UniqueConstraint("owner", "key", name="sfumato_jobs_keys"),
    Index("sfumato_jobs_owners", "owner", "number"),
    Index("sfumato_jobs_waiting", "service", "number", postgresql_where=text("state = 'waiting'")),
)
PICTURES = Table(
    "sfumato_pictures",
    TABLES,
    Column("job", ForeignKey(JOBS.c.id, ondelete="cascade"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("png", LargeBinary, nullable=False),
)
FILES = Table(
    "sfumato_files",
    TABLES,
    Column("job", ForeignKey(JOBS.c.id, ondelete="cascade"), primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
WAITING = JOBS.c.state == "waiting"
COLUMNS = tuple(JOBS.c[one.name] for one in fields(Kept))
NOW: ColumnElement[int] = literal_column(
    "extract(epoch from clock_timestamp())::bigint"
)  # by the database's clock, which all share


class Standing(NamedTuple):
    """How a job stands: what is kept of it, how many steps have been taken, and how many jobs come before it."""

    kept: Kept
    steps: int
    before: int


class Database:
    """The jobs in the database at `url`, whose tables are made where there are none.

    A service is alive while a connection of its own has its lock: PostgreSQL itself takes that from one that is killed,
    so no clock is read. Only whose a job is may end it. What a method has done survives a power cut. The methods raise
    SQLAlchemyError while the database can't be used; `hold` is called again and again, and first.
    """

    def __init__(self, url: str) -> None:
        address = _address(url)
        self.shown = address.render_as_string(hide_password=True)
        try:
            connecting = {"connect_timeout": 5, "options": OPTIONS, "application_name": "sfumato"}
            self._engine = create_engine(address, connect_args=connecting, pool_pre_ping=True, pool_recycle=1800)
            with self._engine.begin() as base:
                self.service = _set_up(base, self.shown)
            self._held: Connection | None = None
            self._locked = False
            self._since = 0.0
            self.hold()
        except (SQLAlchemyError, ImportError) as error:
            raise SfumatoError(f"{self.shown} can't be used: {said(error)}; check --database.") from error

    def hold(self) -> None:
        """Be known to be alive."""
        if self._held is not None:
            try:
                if self._locked or self._lock(self._held):
                    self._held.execute(select(literal_column("1")))
                return
            except SQLAlchemyError:
                lost, self._held, self._locked = self._held, None, False
                self._since = time.monotonic() + GRACE_SECONDS
                with _ignored():
                    lost.invalidate()
                    lost.close()
        self._held = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._lock(self._held)

    def _lock(self, held: Connection) -> bool:
        """Take this service's lock, unless the database hasn't heard yet that a connection of before is no more."""
        self._locked = bool(held.scalar(select(func.pg_try_advisory_lock(LOCKS, self.service + OTHERS))))
        return self._locked

    def close(self) -> None:
        """Leave to others what hasn't ended."""
        with _ignored():
            self.release()
        if self._held is not None:
            with _ignored():
                self._held.close()
        self._engine.dispose()

    def add(self, job: Kept, files: Mapping[str, bytes], mine: bool, most: int, most_of_owner: int) -> Standing | None:
        """Keep a job that has just been accepted, to be drawn by this service, or by whichever has time: raises Full
        where so many wait for that. Returns the job of before where its key has been used, which stays alone."""
        with self._engine.begin() as base:
            if not mine:
                counts = select(func.count(), func.count().filter(JOBS.c.owner == job.owner)).where(
                    WAITING, JOBS.c.service.is_(None)
                )
                waiting, owners = base.execute(counts).one()
                if waiting >= most:
                    raise Full(f"{waiting} jobs wait already, and no more are accepted; try again soon.")
                if owners >= most_of_owner:
                    raise Full(f"{owners} jobs of yours wait already; try again when one has ended.")
            values = {**asdict(job), "service": self.service if mine else None}
            adding = insert(JOBS).values(values).on_conflict_do_nothing(constraint="sfumato_jobs_keys")
            if base.execute(adding.returning(JOBS.c.number)).first() is None:
                before = _first(base, _standing().where(JOBS.c.owner == job.owner, JOBS.c.key == job.key))
                if before is None:  # it was forgotten just now
                    raise Full("the job of that Idempotency-Key is being forgotten; try again.")
                return before
            rows = [{"job": job.id, "sha256": sha256, "content": content} for sha256, content in files.items()]
            if rows:
                base.execute(insert(FILES), rows)
        return None

    def end(self, name: str, state: State, error: str | None, pngs: Sequence[bytes], anyones: bool = False) -> bool:
        """Keep how a job ended, and its pictures: all of it or nothing, and nothing where it isn't this service's any
        more, or has ended; with `anyones` whosever it is."""
        mine = JOBS.c.id == name, WAITING, *(() if anyones else (JOBS.c.service == self.service,))
        values = {"state": state, "error": error, "ended": NOW, "size": sum(map(len, pngs))}
        with self._engine.begin() as base:
            if base.execute(update(JOBS).where(*mine).values(values).returning(JOBS.c.number)).first() is None:
                return False
            rows = [{"job": name, "number": number, "png": png} for number, png in enumerate(pngs)]
            if rows:
                base.execute(insert(PICTURES), rows)
            base.execute(delete(FILES).where(FILES.c.job == name))
        return True

    def drop(self, name: str) -> None:
        """Forget a job and its pictures."""
        with self._engine.begin() as base:
            base.execute(delete(JOBS).where(JOBS.c.id == name))

    def files(self, name: str) -> dict[str, bytes]:
        """The pictures that came along with a job that hasn't ended, by their hashes."""
        with self._engine.connect() as base:
            rows = base.execute(select(FILES.c.sha256, FILES.c.content).where(FILES.c.job == name))
            return {row.sha256: bytes(row.content) for row in rows}

    def pictures(self, name: str) -> tuple[bytes, ...]:
        """The pictures of a job, none where it isn't done."""
        asked = select(PICTURES.c.png).where(PICTURES.c.job == name).order_by(PICTURES.c.number)
        with self._engine.connect() as base:
            return tuple(bytes(png) for png in base.scalars(asked))

    def find(self, names: Collection[str]) -> dict[str, Standing]:
        """How the jobs of those ids stand; those that aren't there are left out."""
        if not names:
            return {}
        with self._engine.connect() as base:
            rows = base.execute(_standing().where(JOBS.c.id.in_(names)))
            return {standing.kept.id: standing for standing in map(_stands, rows)}

    def asked_before(self, owner: str, key: str) -> Standing | None:
        """The owner's job by that key."""
        with self._engine.connect() as base:
            return _first(base, _standing().where(JOBS.c.owner == owner, JOBS.c.key == key))

    def newest(self, owner: str) -> list[Standing]:
        """The owner's jobs, the newest first."""
        asked = _standing().where(JOBS.c.owner == owner).order_by(JOBS.c.number.desc()).limit(KEPT_JOBS)
        with self._engine.connect() as base:
            return [_stands(row) for row in base.execute(asked)]

    def mine(self) -> set[str]:
        """The ids of this service's jobs that haven't ended."""
        with self._engine.connect() as base:
            return set(base.scalars(select(JOBS.c.id).where(WAITING, JOBS.c.service == self.service)))

    def claim(self, models: Collection[str], most: int) -> list[Kept]:
        """Make so many jobs this service's that are nobody's, or of a service that is no more; the first first."""
        if most < 1:
            return []
        locks = (
            "select objid::bigint - :others as number from pg_locks "
            "where locktype = 'advisory' and granted and classid = :locks and objsubid = 2 "
            "and database = (select oid from pg_database where datname = current_database())"
        )
        given = {"others": OTHERS, "locks": LOCKS}
        alive = text(locks).bindparams(**given).columns(number=BigInteger).subquery("alive")
        free: ColumnElement[bool] = JOBS.c.service.is_(None)
        if time.monotonic() >= self._since:
            free = or_(free, JOBS.c.service.not_in(select(alive.c.number)))
        which = select(JOBS.c.number).where(WAITING, JOBS.c.model.in_(models), free)
        found = which.order_by(JOBS.c.number).limit(most).with_for_update(skip_locked=True).cte("free")
        taking = update(JOBS).where(JOBS.c.number.in_(select(found.c.number)))
        with self._engine.begin() as base:
            rows = base.execute(taking.values(service=self.service, steps=0).returning(JOBS.c.number, *COLUMNS))
            return [_kept(row) for row in sorted(rows, key=lambda row: row.number)]

    def release(self, *names: str) -> None:
        """Leave jobs of this service to others: those, or all."""
        which = (JOBS.c.id.in_(names),) if names else ()
        with self._engine.begin() as base:
            base.execute(update(JOBS).where(WAITING, JOBS.c.service == self.service, *which).values(service=None))

    def tell(self, steps: Mapping[str, int]) -> None:
        """Tell the other services how far jobs of this one are."""
        rows = [{"name": name, "count": count} for name, count in steps.items()]
        telling = update(JOBS).where(JOBS.c.id == bindparam("name"), WAITING, JOBS.c.service == self.service)
        if rows:
            with self._engine.begin() as base:
                base.execute(telling.values(steps=bindparam("count")), rows)

    def expire(self, keeping: Keeping) -> None:
        """Drop what has ended and is kept no longer, unless another service is at it."""
        with self._engine.begin() as base:
            if not base.scalar(select(func.pg_try_advisory_xact_lock(LOCKS, EXPIRING))):
                return
            if keeping.seconds is not None:
                base.execute(delete(JOBS).where(~WAITING, JOBS.c.ended < NOW - int(keeping.seconds)))
            newest = (JOBS.c.ended.desc(), JOBS.c.number.desc())
            sums = select(
                JOBS.c.number,
                func.sum(JOBS.c.size).over(order_by=newest).label("size"),
                func.row_number().over(order_by=newest).label("place"),
            )
            kept = sums.where(~WAITING).subquery()
            old = select(kept.c.number).where(or_(kept.c.size > keeping.size, kept.c.place > keeping.jobs))
            base.execute(delete(JOBS).where(JOBS.c.number.in_(old)))


def said(error: Exception) -> str:
    """Why the database can't be used, in a line."""
    first = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (first[0] if first else type(error).__name__).rstrip(".")


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        if address.get_backend_name() not in DRIVERS:
            raise ArgumentError
    except (ArgumentError, NoSuchModuleError) as error:
        raise SfumatoError("--database is a PostgreSQL, such as postgresql://user@host/name.") from error
    return address.set(drivername="postgresql+psycopg") if address.drivername in DRIVERS else address


def _set_up(base: Connection, shown: str) -> int:
    """Make the tables where there are none; returns the number of a new service."""
    base.execute(select(func.pg_advisory_xact_lock(LOCKS, SETTING_UP)))
    TABLES.create_all(base)
    found = base.scalar(select(FORMATS.c.number))
    if found is None:
        base.execute(insert(FORMATS).values(number=FORMAT))
    elif found != FORMAT:
        raise SfumatoError(f"{shown} holds jobs of another version; name another database.")
    number = base.scalar(insert(SERVICES).returning(SERVICES.c.number))
    assert number is not None
    return int(number)


def _standing() -> Select[Any]:
    """What is asked of a job."""
    others = JOBS.alias()
    before = select(func.count()).where(
        others.c.state == "waiting",
        others.c.service.is_not_distinct_from(JOBS.c.service),
        others.c.number < JOBS.c.number,
        WAITING,
    )
    return select(*COLUMNS, JOBS.c.steps, before.scalar_subquery().label("before"))


def _first(base: Connection, asked: Select[Any]) -> Standing | None:
    row = base.execute(asked).first()
    return None if row is None else _stands(row)


def _stands(row: Row[Any]) -> Standing:
    return Standing(_kept(row), row.steps, row.before)


def _kept(row: Row[Any]) -> Kept:
    return Kept(**{one.name: getattr(row, one.name) for one in fields(Kept)})


@contextmanager
def _ignored() -> Iterator[None]:
    """While the database is away."""
    try:
        yield
    except SQLAlchemyError:
        return
