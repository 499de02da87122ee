import { connect } from "node:net";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

/**
 * A client of one of the daemon's services.
 *
 * `address` is as the daemon takes it: `unix:PATH` or `HOST:PORT`. Nothing is sent before the first call; each call
 * that is not given a timeout of its own ends after `timeoutMs`.
 */
export function connectTo<T extends DescService>(service: T, address: string, timeoutMs = 5_000): Client<T> {
  const path = address.startsWith("unix:") ? address.slice("unix:".length).replace(/^\/\/(?=\/)/, "") : undefined;
  const transport = createGrpcTransport({
    baseUrl: `http://${path === undefined ? address : "localhost"}`,
    defaultTimeoutMs: timeoutMs,
    nodeOptions: path === undefined ? {} : { createConnection: () => connect(path) },
  });
  return createClient(service, transport);
}
