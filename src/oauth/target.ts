/** The target that a token is requested for: a door of this installation, and a tool that its workspace has. */
import type { ConfigurationReader } from "../access/configuration.ts";
import { parseAudience, type Audience } from "../contract/audience.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ActiveClient } from "./authenticate-client.ts";

export interface UnknownTarget {
  readonly kind: "invalid_target";
}

/** `resource` (RFC 8707) and `audience` may both be given if they name the same door: one target per token. */
export function requestedAudience(
  form: ReadonlyMap<string, string>,
  issuer: string,
): Result<Audience | undefined, UnknownTarget> {
  const wanted = ["resource", "audience"].map((name) => form.get(name)).filter((text) => text !== undefined);
  const doors = wanted.map((text) => parseAudience(issuer, text));
  const [first] = doors;
  if (doors.length === 0) return ok(undefined);
  if (first === undefined || doors.some((door) => door?.url !== first.url)) {
    return err({ kind: "invalid_target" });
  }
  return ok(first);
}

/** The door of a tool exists only for workspaces whose catalog has the tool. */
export async function knownTarget(
  { configuration }: { readonly configuration: ConfigurationReader },
  { agent, configEpoch }: ActiveClient,
  audience: Audience | undefined,
): Promise<Result<void, UnknownTarget>> {
  if (audience === undefined || audience.tool === null) return ok(undefined);
  const { tools } = await configuration.catalog(agent.workspaceId, configEpoch);
  return tools.has(audience.tool) ? ok(undefined) : err({ kind: "invalid_target" });
}
