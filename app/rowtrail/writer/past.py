"""Objects of the past: instances of a model as its row was, with relationships of the same moment.

Each is of a subclass of the model that SQLAlchemy does not know. So no session takes it, by add,
merge, delete, a cascade or in bulk: the past is never written over the present by accident. What
the model's methods and properties give of a row's values, they give of the past's.
"""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy.ext.associationproxy import AssociationProxy
from sqlalchemy.orm import ColumnProperty, CompositeProperty, Mapper, RelationshipProperty, Session

from rowtrail.errors import RowtrailError
from rowtrail.writer.images import Boundary
from rowtrail.writer.lazy import is_unawaited
from rowtrail.writer.row_keys import mapper_of

#: Loads a relationship of these objects, all of one class and boundary.
Loader = Callable[[list[Any], RelationshipProperty[Any], Session], None]


@dataclass(frozen=True)
class Past:
    """What is known of an object of the past beside its values.

    Attributes:
        boundary: as of when it is, and what its relationships are of.
        version_id: the version by which the row was so: `session.get(Version, version_id)`.
        changed_at: when that version was recorded.
        erased: the attributes whose values were erased from the history since; they are None.
    """

    boundary: Boundary
    version_id: int
    changed_at: datetime
    erased: frozenset[str]
    _loader: Loader = field(repr=False, compare=False)
    _session: "weakref.ref[Session]" = field(repr=False, compare=False)
    #: What came with the same question: a relationship is loaded for all of it at once.
    _together: list["weakref.ref[Any]"] = field(repr=False, compare=False)


def past_of(row: object) -> Past:
    """What is known of an object of the past: its moment, its version, what was erased.

    Raises:
        RowtrailError: it is not of the past.
    """
    if not isinstance(row, _OfThePast):
        raise RowtrailError(f"{row!r} is not of the past; User.history.as_of(moment) gives what is")
    known: Past = row._rowtrail_past
    return known


def is_past(row: object) -> bool:
    """Whether the object is of the past."""
    return isinstance(row, _OfThePast)


def make(model: type[Any], values: dict[str, Any], known: Past) -> Any:
    """An object of the past."""
    of_past = class_of_past(model)
    made = object.__new__(of_past)
    vars(made).update(values)
    object.__setattr__(made, "_rowtrail_past", known)
    known._together.append(weakref.ref(made))
    return made


def class_of_past(model: type[Any]) -> type[Any]:
    """The subclass of the model whose objects are of the past."""
    found = _classes.get(model)
    if found is None:
        found = _classes[model] = _make_class(model)
    return found


_classes: "weakref.WeakKeyDictionary[type[Any], type[Any]]" = weakref.WeakKeyDictionary()


class _OfThePast:
    """What objects of the past have in common; stands before the model among their bases."""

    __slots__ = ("__weakref__", "_rowtrail_past")
    _rowtrail_past: Past

    def __init_subclass__(cls, **_: Any) -> None:
        """Keeps the model's own hook from mapping the subclass."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RowtrailError(
            f"a {type(self).__name__} of the past cannot be made; history gives what there was"
        )

    @property
    def _sa_instance_state(self) -> NoReturn:
        # What SQLAlchemy asks for first, whatever it is about to do with an object.
        raise RowtrailError(
            f"{self!r} is of the past: no session takes it. To bring its values back, set them on "
            "the row as it is now, or read what rowtrail.undo_sql() proposes"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _attributes(type(self)):
            raise RowtrailError(f"{self!r} is of the past: its {name} cannot be changed")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name in _attributes(type(self)):
            raise RowtrailError(f"{self!r} is of the past: its {name} cannot be changed")
        object.__delattr__(self, name)

    def __repr__(self) -> str:
        model = _model(type(self))
        mapper = mapper_of(model)
        keys = (mapper.get_property_by_column(one).key for one in mapper.primary_key)
        key = ", ".join(repr(vars(self).get(one)) for one in keys)
        return f"<{model.__name__} {key} as of {self._rowtrail_past.boundary}>"

    def __reduce__(self) -> Any:
        # Relationships that were not loaded stay so: what is unpickled has no session.
        known = self._rowtrail_past
        kept = (known.boundary, known.version_id, known.changed_at, known.erased)
        return _unpickle, (_model(type(self)), dict(vars(self)), kept)

    @property
    def versions(self) -> Any:
        """The versions of the row, as of the object that is now."""
        from rowtrail.writer.versions import Versions

        return Versions(_model(type(self)), _identity(self), session_of(self))

    @property
    def history(self) -> Any:
        """The history of the row, as of the object that is now."""
        from rowtrail.writer.model_history import RowHistory

        return RowHistory(_model(type(self)), _identity(self), session_of(self))


def session_of(row: Any) -> Session:
    """The session by which an object of the past was read.

    Raises:
        RowtrailError: there is none any more.
    """
    session = past_of(row)._session()
    if session is None:
        raise RowtrailError(
            f"the session that read {row!r} is gone; read it anew, or load its relationships "
            "with it: .load(…)"
        )
    return session


def _identity(row: Any) -> tuple[Any, ...]:
    mapper = mapper_of(_model(type(row)))
    return tuple(vars(row)[mapper.get_property_by_column(one).key] for one in mapper.primary_key)


def _model(of_past: type[Any]) -> type[Any]:
    model: type[Any] = of_past._rowtrail_model
    return model


def _attributes(of_past: type[Any]) -> frozenset[str]:
    names: frozenset[str] = of_past._rowtrail_attributes
    return names


def _unpickle(model: type[Any], values: dict[str, Any], kept: tuple[Any, ...]) -> Any:
    def cannot(*_: Any) -> None:
        raise RowtrailError("what was pickled has no session")

    no_session: Any = lambda: None  # noqa: E731
    boundary, version_id, changed_at, erased = kept
    known = Past(boundary, version_id, changed_at, erased, cannot, no_session, [])
    return make(model, values, known)


class _Loaded:
    """A relationship of an object of the past: read when it is first asked for."""

    def __init__(self, relationship: RelationshipProperty[Any]) -> None:
        self._relationship = relationship
        self._name = relationship.key

    def __get__(self, row: Any, owner: type[Any]) -> Any:
        if row is None:
            return getattr(_model(owner), self._name)
        known = past_of(row)
        session = session_of(row)
        together = [one for ref in known._together if (one := ref()) is not None]
        rows = [one for one in together if self._name not in vars(one) and isinstance(one, owner)]
        if is_unawaited(session):
            raise RowtrailError(
                f"the {self._name} of {row!r} are not read yet: in async code ask with "
                f".load({_model(owner).__name__}.{self._name})"
            )
        known._loader(rows, self._relationship, session)
        return vars(row)[self._name]


class _Composite:
    """A composite of an object of the past."""

    def __init__(self, composite: CompositeProperty[Any]) -> None:
        self._composite = composite

    def __get__(self, row: Any, owner: type[Any]) -> Any:
        if row is None:
            return getattr(_model(owner), self._composite.key)
        values = [getattr(row, one.key) for one in self._composite.props]
        if all(value is None for value in values):
            return None
        make_one: Any = self._composite.composite_class
        return make_one(*values)


class _Proxied:
    """An association proxy of an object of the past: of one, or the list of many."""

    def __init__(self, proxy: AssociationProxy[Any]) -> None:
        self._proxy = proxy

    def __get__(self, row: Any, owner: type[Any]) -> Any:
        if row is None:
            return self._proxy
        target = getattr(row, self._proxy.target_collection)
        name = self._proxy.value_attr
        if target is None:
            return None
        if isinstance(target, dict):
            return {key: getattr(one, name) for key, one in target.items()}
        if isinstance(target, Iterable):
            return [getattr(one, name) for one in target]
        return getattr(target, name)


class _NotKnown:
    """What is not a column of the row: SQL that the mapper computes of the tables as they are."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, row: Any, owner: type[Any]) -> Any:
        if row is None:
            return getattr(_model(owner), self._name)
        raise RowtrailError(
            f"{row!r}: {self._name} is computed by the database of its tables as they are now"
        )


def _make_class(model: type[Any]) -> type[Any]:
    mapper = mapper_of(model)
    own: dict[str, Any] = {
        # Whatever else makes classes of a base into models leaves this one alone.
        "__abstract__": True,
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "__doc__": model.__doc__,
        "_rowtrail_model": model,
        "_rowtrail_attributes": frozenset(mapper.attrs.keys()),
    }
    for one in mapper.attrs:
        if isinstance(one, RelationshipProperty):
            own[one.key] = _Loaded(one)
        elif isinstance(one, CompositeProperty):
            own[one.key] = _Composite(one)
        elif isinstance(one, ColumnProperty):
            own[one.key] = _NotKnown(one.key)
    for name, what in _descriptors(mapper):
        if isinstance(what, AssociationProxy):
            own[name] = _Proxied(what)
    metaclass: Any = type(model)
    made: type[Any] = metaclass(model.__name__, (_OfThePast, model), own)
    return made


def _descriptors(mapper: Mapper[Any]) -> Iterable[tuple[str, Any]]:
    return [(str(name), what) for name, what in mapper.all_orm_descriptors.items()]
