# SPDX-License-Identifier: MIT OR Apache-2.0
"""The messages of `pynq serve`'s own services, as `crates/pynq-remote/proto` defines them.

They are described here rather than compiled, so that the package fits whichever protobuf release PYNQ came with.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _FIELD.TYPE_STRING,
    "uint32": _FIELD.TYPE_UINT32,
    "uint64": _FIELD.TYPE_UINT64,
    "bool": _FIELD.TYPE_BOOL,
}

# Package, and its messages: name, and fields as number, name and type. A type with a capital letter is a message of the
# same package; `repeated` and `oneof` come before the type.
INTERRUPTS = "pynq_rs.interrupts"
SIMULATION = "pynq_rs.simulation"
_PACKAGES = {
    INTERRUPTS: {
        "PinsRequest": [],
        "PinsResponse": [(1, "pins", "repeated string")],
        "Claim": [(1, "pin", "string")],
        "Wait": [(1, "id", "uint64")],
        "Cancel": [],
        "Clear": [],
        "ClaimRequest": [
            (1, "claim", "oneof Claim"),
            (2, "wait", "oneof Wait"),
            (3, "cancel", "oneof Cancel"),
            (4, "clear", "oneof Clear"),
        ],
        "Claimed": [],
        "Event": [(1, "id", "uint64"), (2, "count", "uint32"), (3, "missed", "uint32"), (4, "time", "uint64")],
        "ClaimResponse": [(1, "claimed", "oneof Claimed"), (2, "event", "oneof Event")],
    },
    SIMULATION: {
        "Pin": [(1, "block", "string"), (2, "channel", "uint32"), (3, "bit", "uint32"), (4, "level", "bool")],
        "Line": [(1, "name", "string"), (2, "level", "bool")],
        "Pulse": [(1, "name", "string")],
        "Character": [(1, "block", "string"), (2, "data", "uint32")],
        "StimulateRequest": [
            (1, "delay", "uint64"),
            (2, "pin", "oneof Pin"),
            (3, "line", "oneof Line"),
            (4, "pulse", "oneof Pulse"),
            (5, "character", "oneof Character"),
        ],
        "StimulateResponse": [],
        "OutputRequest": [(1, "block", "string"), (2, "channel", "uint32")],
        "OutputResponse": [(1, "bits", "uint32")],
        "TimeRequest": [],
        "TimeResponse": [(1, "time", "uint64")],
    },
}


def _describe(package, messages):
    file = descriptor_pb2.FileDescriptorProto(name=package.replace(".", "/") + ".proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for number, field_name, kind in fields:
            modifier, _, kind = kind.rpartition(" ")
            field = message.field.add(name=field_name, number=number)
            field.label = _FIELD.LABEL_REPEATED if modifier == "repeated" else _FIELD.LABEL_OPTIONAL
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{package}.{kind}"
            if modifier == "oneof":
                if not message.oneof_decl:
                    message.oneof_decl.add(name="choice")
                field.oneof_index = 0
    return file


_pool = descriptor_pool.DescriptorPool()
for _package, _messages in _PACKAGES.items():
    _pool.AddSerializedFile(_describe(_package, _messages).SerializeToString())


def message(package, name):
    """The class of a message."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{package}.{name}"))
