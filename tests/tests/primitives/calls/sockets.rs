//! Calls of the SocketPlugin. Handles of this session are what its own tests use.

use super::NamedCall;
use crate::values::V::{Bytes, Int, Main, Str};

/// As long as a handle, but none of this session.
const HANDLE: &[u8] = &[1; 24];

pub(crate) const CALLS: &[NamedCall] = &[
    ("SocketPlugin", "primitiveDisableSocketAccess", Main, &[]),
    ("SocketPlugin", "primitiveHasSocketAccess", Main, &[]),
    (
        "SocketPlugin",
        "primitiveInitializeNetwork",
        Main,
        &[Int(0)],
    ),
    ("SocketPlugin", "primitiveResolverAbortLookup", Main, &[]),
    (
        "SocketPlugin",
        "primitiveResolverAddressLookupResult",
        Main,
        &[],
    ),
    ("SocketPlugin", "primitiveResolverError", Main, &[]),
    ("SocketPlugin", "primitiveResolverLocalAddress", Main, &[]),
    (
        "SocketPlugin",
        "primitiveResolverNameLookupResult",
        Main,
        &[],
    ),
    (
        "SocketPlugin",
        "primitiveResolverStartAddressLookup",
        Main,
        &[Bytes(&[127, 0, 0, 1])],
    ),
    (
        "SocketPlugin",
        "primitiveResolverStartNameLookup",
        Main,
        &[Str("127.0.0.1")],
    ),
    ("SocketPlugin", "primitiveResolverStatus", Main, &[]),
    (
        "SocketPlugin",
        "primitiveSocketGetOptions",
        Main,
        &[Bytes(HANDLE), Str("SO_ERROR")],
    ),
    (
        "SocketPlugin",
        "primitiveSocketSetOptions",
        Main,
        &[Bytes(HANDLE), Str("SO_REUSEADDR"), Str("1")],
    ),
    (
        "SocketPlugin",
        "primitiveSocketAbortConnection",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketAccept",
        Main,
        &[Bytes(HANDLE), Int(0), Int(0), Int(0)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketAccept3Semaphores",
        Main,
        &[Bytes(HANDLE), Int(0), Int(0), Int(0), Int(0), Int(0)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketBindToPort",
        Main,
        &[Bytes(HANDLE), Bytes(&[127, 0, 0, 1]), Int(0)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketCloseConnection",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketConnectToPort",
        Main,
        &[Bytes(HANDLE), Bytes(&[127, 0, 0, 1]), Int(1)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketConnectionStatus",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketCreate",
        Main,
        &[Int(0), Int(0), Int(0), Int(0), Int(0)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketCreate3Semaphores",
        Main,
        &[Int(0), Int(0), Int(0), Int(0), Int(0), Int(0), Int(0)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketDestroy",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketError",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketListenOnPort",
        Main,
        &[Bytes(HANDLE), Int(0)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketListenOnPortBacklog",
        Main,
        &[Bytes(HANDLE), Int(0), Int(5)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketListenOnPortBacklogInterface",
        Main,
        &[Bytes(HANDLE), Int(0), Int(5), Bytes(&[127, 0, 0, 1])],
    ),
    (
        "SocketPlugin",
        "primitiveSocketListenWithOrWithoutBacklog",
        Main,
        &[Bytes(HANDLE), Int(0)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketLocalAddress",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketLocalPort",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketRemoteAddress",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketRemotePort",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketReceiveDataAvailable",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketReceiveDataBufCount",
        Main,
        &[Bytes(HANDLE), Bytes(&[0; 4]), Int(1), Int(4)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketReceiveUDPDataBufCount",
        Main,
        &[Bytes(HANDLE), Bytes(&[0; 4]), Int(1), Int(4)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketSendDataBufCount",
        Main,
        &[Bytes(HANDLE), Bytes(&[0; 4]), Int(1), Int(4)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketSendDone",
        Main,
        &[Bytes(HANDLE)],
    ),
    (
        "SocketPlugin",
        "primitiveSocketSendUDPDataBufCount",
        Main,
        &[
            Bytes(HANDLE),
            Bytes(&[0; 4]),
            Bytes(&[127, 0, 0, 1]),
            Int(9),
            Int(1),
            Int(4),
        ],
    ),
];
