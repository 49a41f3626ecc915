# SPDX-License-Identifier: MIT OR Apache-2.0
"""Puts this package's classes in the place of PYNQ's."""

import os
import sys

import grpc

from ._interrupt import Interrupt

TOKEN = "PYNQ_REMOTE_TOKEN"
CERTIFICATES = "PYNQ_REMOTE_CA"


def install(token=None, root_certificates=None):
    """Gives PYNQ's remote client interrupts; with a token or certificates, connections that use them.

    To be called before the first overlay or device is made. `token` is what `pynq serve --token` was given, by default
    that of the variable PYNQ_REMOTE_TOKEN. `root_certificates` is PEM text, by default that of the file which
    PYNQ_REMOTE_CA names; with it, connections are encrypted.
    """
    if not os.environ.get("PYNQ_REMOTE_DEVICES"):
        raise RuntimeError("PYNQ_REMOTE_DEVICES is not set: PYNQ is not in its remote mode; set it before pynq is imported")
    from pynq.pl_server import remote_device

    # PYNQ's modules have names of their own for the class.
    stub = getattr(remote_device.RemoteInterrupt, "_pynq_rs_stub", remote_device.RemoteInterrupt)
    Interrupt._pynq_rs_stub = stub
    for name, module in list(sys.modules.items()):
        if name == "pynq" or name.startswith("pynq."):
            for attribute in ("Interrupt", "RemoteInterrupt"):
                if getattr(module, attribute, None) is stub:
                    setattr(module, attribute, Interrupt)

    _make_unsigned(remote_device.RemoteMMIO)
    _leave_video_out()

    token = token or os.environ.get(TOKEN)
    if root_certificates is None and os.environ.get(CERTIFICATES):
        with open(os.environ[CERTIFICATES], "rb") as file:
            root_certificates = file.read()
    if isinstance(root_certificates, str):
        root_certificates = root_certificates.encode()
    if token or root_certificates:
        remote_device.GrpcChannel = _channel_class(token, root_certificates)


def _make_unsigned(mmio):
    """PYNQ 3.1 takes registers for signed numbers, and fails on those with the highest bit set. 4.0 does not."""
    read = mmio.read
    if hasattr(read, "_pynq_rs"):
        return

    def unsigned(self, *args, **kwargs):
        return read(self, *args, **kwargs) & 0xFFFF_FFFF

    unsigned._pynq_rs = True
    mmio.read = unsigned


def _leave_video_out():
    """PYNQ's drivers for video look at this machine's processor, not at the board's, and fail an overlay that has video.

    Without them the blocks of such an overlay have PYNQ's general driver.
    """
    import pynq.lib.video
    import pynq.overlay

    drivers = getattr(pynq.overlay, "_hierarchy_drivers", [])
    for driver in list(drivers):
        if driver.__module__.startswith("pynq.lib.video."):
            drivers.remove(driver)


def _channel_class(token, root_certificates):
    """PYNQ's GrpcChannel, with credentials."""

    class GrpcChannel:
        def __init__(self, ip_addr, port):
            target = f"{ip_addr}:{port}"
            if root_certificates:
                channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(root_certificates))
            else:
                channel = grpc.insecure_channel(target)
            try:
                grpc.channel_ready_future(channel).result(timeout=5)
            except grpc.FutureTimeoutError:
                raise RuntimeError(f"no board answers at {target} within 5 s") from None
            self.channel = grpc.intercept_channel(channel, _Bearer(token)) if token else channel

    return GrpcChannel


class _Details(grpc.ClientCallDetails):
    def __init__(self, details, header):
        self.method = details.method
        self.timeout = details.timeout
        self.metadata = [*(details.metadata or ()), header]
        self.credentials = details.credentials
        self.wait_for_ready = details.wait_for_ready
        self.compression = details.compression


class _Bearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Sends the token with each request."""

    def __init__(self, token):
        self._header = ("authorization", f"Bearer {token}")

    def _call(self, continuation, details, request):
        return continuation(_Details(details, self._header), request)

    intercept_unary_unary = _call
    intercept_unary_stream = _call
    intercept_stream_unary = _call
    intercept_stream_stream = _call
