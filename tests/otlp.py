"""A receiver of traces for tests: OTLP over HTTP, strict."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Receiver:
    """What an OTLP/HTTP receiver took, and what it had to complain of."""

    spans: list[Span] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    url: str = ""

    def of(self, trace: str) -> dict[str, Span]:
        """The spans of a trace by their names."""
        return {one.name: one for one in self.spans if one.trace_id.hex() == trace}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A strict receiver: protobuf alone, at the path of the specification alone."""
    seen = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if (self.path, self.headers["Content-Type"]) != ("/v1/traces", "application/x-protobuf"):
                seen.complaints.append(f"{self.path} {self.headers['Content-Type']}")
            told = ExportTraceServiceRequest.FromString(body)
            seen.raw.append(body)
            for resource in told.resource_spans:
                named = {one.key: one.value.string_value for one in resource.resource.attributes}
                if named.get("service.name") != "lienthong":
                    seen.complaints.append(str(named))
                for scope in resource.scope_spans:
                    seen.spans.extend(scope.spans)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    seen.url = f"http://127.0.0.1:{http.server_address[1]}/v1/traces"
    yield seen
    http.shutdown()
    http.server_close()
