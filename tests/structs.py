"""`python -m tests.structs`: one of each `msgspec.Struct` of the package, as bytes, and its form.

What it prints must not depend on whether the package is compiled: workers, watch and store
understand each other by it.
"""

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

import dnswatch
from dnswatch.compiled import build

_PLAIN: Final[dict[type[inspect.Type], Any]] = {
    inspect.AnyType: "any",
    inspect.NoneType: None,
    inspect.BoolType: True,
    inspect.IntType: 7,
    inspect.FloatType: 1.5,
    inspect.StrType: "text",
    inspect.BytesType: b"\x00bytes\xff",
    inspect.CustomType: "custom",
}
"""One of what needs no thought."""


def structs() -> list[type[msgspec.Struct]]:
    """Find them in every module there is."""
    for module in pkgutil.walk_packages(dnswatch.__path__, "dnswatch."):
        if not module.name.endswith("__mypyc"):  # libraries that compiled modules are made of
            importlib.import_module(module.name)
    found = {one for one in _below(msgspec.Struct) if one.__module__.startswith("dnswatch.")}
    return sorted(found, key=_name)


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def one_of(kind: inspect.Type) -> Any:
    """Make one: of a choice the first, of what may be many two."""
    match kind:
        case inspect.Metadata(inner):
            return one_of(inner)
        case inspect.UnionType(kinds):
            return one_of(next(one for one in kinds if not isinstance(one, inspect.NoneType)))
        case inspect.LiteralType(values):
            return values[0]
        case inspect.EnumType(kinds):
            return next(iter(kinds))
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
            return [one_of(kind.item_type)] * 2
        case inspect.TupleType(kinds):
            return tuple(map(one_of, kinds))
        case inspect.DictType(key, value):
            return {one_of(key): one_of(value)}
        case inspect.StructType(cls):
            return filled(cls)
        case inspect.DataclassType(cls, fields) | inspect.NamedTupleType(cls, fields):
            return cls(**{field.name: one_of(field.type) for field in fields})
    return _PLAIN[type(kind)]


def filled(cls: type[msgspec.Struct]) -> msgspec.Struct:
    """Make one with something in every field."""
    kind = inspect.type_info(cls)
    assert isinstance(kind, inspect.StructType)
    return cls(**{field.name: one_of(field.type) for field in kind.fields})


def form(cls: type[msgspec.Struct]) -> dict[str, object]:
    """Say what a struct looks like from outside, and one of it as MessagePack."""
    config = cls.__struct_config__
    options = {name: repr(getattr(config, name)) for name in dir(config) if name[0] != "_"}
    return {
        "fields": [*cls.__struct_fields__],
        "names": [*cls.__struct_encode_fields__],
        "defaults": repr(cls.__struct_defaults__),
        "options": options,
        "bytes": msgspec.msgpack.encode(filled(cls), enc_hook=repr).hex(),
    }


if __name__ == "__main__":
    json.dump({"build": build(), **{_name(one): form(one) for one in structs()}}, sys.stdout)
