/** What is known of the server behind a tool, which Dome asks with its own credential, and at most once an hour. */
import type { Id } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/upstream.ts";
import type { NotSent } from "../credential/send.ts";
import { serverCredential } from "../credential/server-credential.ts";
import { guardedEgress, serverOf } from "../upstream/guarded-egress.ts";
import type { McpPorts } from "./door-view.ts";
import { knownServer, serverAt, type KnownEra } from "./known-server.ts";
import type { McpUpstreamFault } from "./own-exchange.ts";

export async function knownBehind(
  ports: McpPorts,
  tool: Id<"tol">,
  upstream: Upstream,
  signal: AbortSignal,
): Promise<Result<KnownEra, McpUpstreamFault | NotSent>> {
  const credential = await serverCredential(ports, upstream, signal);
  if (!credential.ok) return credential;
  const server = { ...serverAt(tool, upstream), credential: credential.value.headers, signal };
  return knownServer({ ...ports, egress: guardedEgress(ports, serverOf(tool, upstream.url)) }, server);
}
