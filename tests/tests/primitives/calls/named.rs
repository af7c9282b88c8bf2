//! Calls of named primitives.

use super::NamedCall;
use crate::values::V::{Bytes, False, Int, Main, Str, True};

/// As long as a handle, but none of this session.
const HANDLE: &[u8] = &[1; 16];

pub(crate) const CALLS: &[NamedCall] = &[
    ("", "primitiveUtcWithOffset", Main, &[]),
    (
        "FilePlugin",
        "primitiveConnectToFileDescriptor",
        Main,
        &[Int(2), True],
    ),
    (
        "FilePlugin",
        "primitiveDirectoryCreate",
        Main,
        &[Str("folder")],
    ),
    (
        "FilePlugin",
        "primitiveDirectoryDelete",
        Main,
        &[Str("folder")],
    ),
    ("FilePlugin", "primitiveDirectoryDelimitor", Main, &[]),
    (
        "FilePlugin",
        "primitiveDirectoryEntry",
        Main,
        &[Str("."), Str("test.image")],
    ),
    (
        "FilePlugin",
        "primitiveDirectoryGetMacTypeAndCreator",
        Main,
        &[Str("test.image"), Str("abcd"), Str("abcd")],
    ),
    (
        "FilePlugin",
        "primitiveDirectoryLookup",
        Main,
        &[Str("."), Int(1)],
    ),
    (
        "FilePlugin",
        "primitiveDirectorySetMacTypeAndCreator",
        Main,
        &[Str("test.image"), Str("abcd"), Str("abcd")],
    ),
    ("FilePlugin", "primitiveFileAtEnd", Main, &[Bytes(HANDLE)]),
    ("FilePlugin", "primitiveFileClose", Main, &[Bytes(HANDLE)]),
    ("FilePlugin", "primitiveFileDelete", Main, &[Str("nothing")]),
    ("FilePlugin", "primitiveFileDescriptorType", Main, &[Int(2)]),
    ("FilePlugin", "primitiveFileFlush", Main, &[Bytes(HANDLE)]),
    (
        "FilePlugin",
        "primitiveFileGetPosition",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "FilePlugin",
        "primitiveFileOpen",
        Main,
        &[Str("test.image"), True],
    ),
    (
        "FilePlugin",
        "primitiveFileOpen",
        Main,
        &[Str("nothing"), False],
    ),
    (
        "FilePlugin",
        "primitiveFileOpenNew",
        Main,
        &[Str("test.image")],
    ),
    (
        "FilePlugin",
        "primitiveFileRead",
        Main,
        &[Bytes(HANDLE), Bytes(&[0; 4]), Int(1), Int(4)],
    ),
    (
        "FilePlugin",
        "primitiveFileRename",
        Main,
        &[Str("nothing"), Str("something")],
    ),
    (
        "FilePlugin",
        "primitiveFileSetPosition",
        Main,
        &[Bytes(HANDLE), Int(0)],
    ),
    ("FilePlugin", "primitiveFileSize", Main, &[Bytes(HANDLE)]),
    ("FilePlugin", "primitiveFileStdioHandles", Main, &[]),
    ("FilePlugin", "primitiveFileSync", Main, &[Bytes(HANDLE)]),
    (
        "FilePlugin",
        "primitiveFileTruncate",
        Main,
        &[Bytes(HANDLE), Int(0)],
    ),
    (
        "FilePlugin",
        "primitiveFileWrite",
        Main,
        &[Bytes(HANDLE), Bytes(&[0; 4]), Int(1), Int(4)],
    ),
    ("FilePlugin", "primitiveHasFileAccess", Main, &[]),
    (
        "FileAttributesPlugin",
        "primitiveChangeMode",
        Main,
        &[Str("nothing"), Int(511)],
    ),
    (
        "FileAttributesPlugin",
        "primitiveChangeOwner",
        Main,
        &[Str("nothing"), Int(-1), Int(-1)],
    ),
    (
        "FileAttributesPlugin",
        "primitiveClosedir",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "FileAttributesPlugin",
        "primitiveFileAttribute",
        Main,
        &[Str("test.image"), Int(8)],
    ),
    (
        "FileAttributesPlugin",
        "primitiveFileAttributes",
        Main,
        &[Str("test.image"), Int(3)],
    ),
    (
        "FileAttributesPlugin",
        "primitiveFileExists",
        Main,
        &[Str("test.image")],
    ),
    ("FileAttributesPlugin", "primitiveFileMasks", Main, &[]),
    ("FileAttributesPlugin", "primitiveLogicalDrives", Main, &[]),
    (
        "FileAttributesPlugin",
        "primitiveOpendir",
        Main,
        &[Str(".")],
    ),
    ("FileAttributesPlugin", "primitivePathMax", Main, &[]),
    (
        "FileAttributesPlugin",
        "primitivePlatToStPath",
        Main,
        &[Str("name")],
    ),
    (
        "FileAttributesPlugin",
        "primitiveReaddir",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "FileAttributesPlugin",
        "primitiveRewinddir",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "FileAttributesPlugin",
        "primitiveStToPlatPath",
        Main,
        &[Str("name")],
    ),
    (
        "FileAttributesPlugin",
        "primitiveSymlinkChangeOwner",
        Main,
        &[Str("nothing"), Int(-1), Int(-1)],
    ),
    ("FileAttributesPlugin", "primitiveVersionString", Main, &[]),
];
