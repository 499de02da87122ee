"""Compiles proto/ into descriptor sets, for the generators and for buf.

Two sets are made of the same sources. The *full image* holds everything. The *client image* has the validation rules
taken out, so that a client in Go or TypeScript needs no package of validation rules: the daemon validates. Both keep
the comments.

protoc comes from grpcio-tools and protovalidate's rules from the protovalidate package, so Python alone is enough.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import google.rpc.status_pb2  # noqa: F401 - registers google/rpc/status.proto in the default pool
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,  # noqa: F401 - the imports of validate.proto, as above
    field_mask_pb2,  # noqa: F401
    timestamp_pb2,  # noqa: F401
)

PROTO = Path("proto")
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
VALIDATE = "buf/validate/validate.proto"


def sources() -> list[str]:
    """Our .proto files, as protoc names them."""
    return sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))


def protoc(*arguments: str) -> None:
    """Runs protoc and ends the build, with protoc's own words, if it fails."""
    if subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments], check=False).returncode != 0:
        raise SystemExit("protoc failed")


def write_validate_set(path: Path) -> None:
    """Writes a descriptor set of buf/validate/validate.proto and what it imports.

    protovalidate ships no .proto file; its generated module holds the descriptor.
    """
    from protovalidate._gen.buf.validate import validate_pb

    validate = descriptor_pb2.FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
    descriptors = descriptor_pb2.FileDescriptorSet()
    for name in validate.dependency:
        descriptor_pool.Default().FindFileByName(name).CopyToProto(descriptors.file.add())
    descriptors.file.append(validate)
    path.write_bytes(descriptors.SerializeToString(deterministic=True))


def inputs(validate_set: Path) -> list[str]:
    """What tells protoc where .proto files come from. google/rpc lies in site-packages."""
    return [f"--descriptor_set_in={validate_set}", f"-I{PROTO}", f"-I{SITE_PACKAGES}"]


def write_full_image(path: Path, validate_set: Path) -> None:
    """Writes our files, everything they import, and their comments as one descriptor set."""
    output = ("--include_imports", "--include_source_info", f"--descriptor_set_out={path}")
    protoc(*inputs(validate_set), *output, *sources())


def write_client_image(path: Path, full_image: Path) -> None:
    """Writes the full image without validation rules."""
    image = descriptor_pb2.FileDescriptorSet.FromString(full_image.read_bytes())
    kept = descriptor_pb2.FileDescriptorSet()
    for file in image.file:
        if file.name != VALIDATE:
            _strip_rules(file)
            kept.file.append(file)
    path.write_bytes(kept.SerializeToString(deterministic=True))


def write_baseline(path: Path, client_image: Path) -> None:
    """Writes the client image without comments: what later versions are compared with."""
    image = descriptor_pb2.FileDescriptorSet.FromString(client_image.read_bytes())
    for file in image.file:
        file.ClearField("source_code_info")
    path.write_bytes(image.SerializeToString(deterministic=True))


def _strip_rules(file: descriptor_pb2.FileDescriptorProto) -> None:
    if VALIDATE not in file.dependency:
        return
    index = list(file.dependency).index(VALIDATE)
    del file.dependency[index]
    # Comments on import lines name them by index; they have none worth keeping.
    import_path = descriptor_pb2.FileDescriptorProto.DEPENDENCY_FIELD_NUMBER
    locations = [location for location in file.source_code_info.location if location.path[:1] != [import_path]]
    del file.source_code_info.location[:]
    file.source_code_info.location.extend(locations)
    # validate_pb2 is not loaded here, so the rules are unknown fields of the options.
    for options in _options(file):
        options.DiscardUnknownFields()


_Options: TypeAlias = descriptor_pb2.MessageOptions | descriptor_pb2.FieldOptions | descriptor_pb2.OneofOptions

_Member: TypeAlias = descriptor_pb2.FieldDescriptorProto | descriptor_pb2.OneofDescriptorProto


def _options(file: descriptor_pb2.FileDescriptorProto) -> Iterator[_Options]:
    pending = list(file.message_type)
    while pending:
        message = pending.pop()
        pending.extend(message.nested_type)
        if message.HasField("options"):
            yield message.options
        members: list[_Member] = [*message.field, *message.oneof_decl]
        for member in members:
            if member.HasField("options"):
                yield member.options
                if not member.options.ByteSize():
                    member.ClearField("options")
