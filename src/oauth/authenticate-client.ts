/**
 * Client authentication at the OAuth endpoints: an API key, and the current state of its agent. A dead key, an
 * unknown key and a revoked agent all get the same answer (P11).
 */
import type { AuthenticationPorts, KnownKey } from "../access/authenticate.ts";
import { identifyKey, leaseForKey } from "../access/authenticate.ts";
import { loadChain } from "../access/chain.ts";
import type { NoLease } from "../access/lease-client.ts";
import type { Draining } from "../access/release.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { drainOf, type Link } from "../lifecycle/admission.ts";
import { isKeyLive } from "../lifecycle/lease.ts";
import type { RegisteredAgent } from "../registry/agents.ts";

export interface ClientCredential {
  readonly secret: string;
  /** The client id of Basic authentication; null for the Bearer form. */
  readonly client: string | null;
}

export type ClientRefusal =
  /** Wrong key, dead key, revoked agent: the same answer for the client. `known` is for the trail. */
  | { readonly kind: "invalid_client"; readonly known: (KnownKey & { readonly why: string }) | null }
  | { readonly kind: "not_active"; readonly agent: AgentId; readonly state: string }
  | NoLease;

/** A client that has authenticated, and may act now. */
export interface ActiveClient {
  readonly agent: RegisteredAgent;
  /** The agent's place in the chain of a token that is minted for it now. */
  readonly link: Link;
  readonly haltEpoch: number;
  /** From the lease of the workspace: the catalog and providers are read at least as new as this. */
  readonly configEpoch: number;
  /** The agent accepts no new work: it may introspect and revoke tokens, and gets none. */
  readonly draining: Draining | undefined;
}

/**
 * Before anything else in a request is judged: otherwise a bad scope would tell a dead key from an unknown one
 * (P11).
 */
export async function authenticateClient(
  ports: AuthenticationPorts,
  credential: ClientCredential,
): Promise<Result<ActiveClient, ClientRefusal>> {
  const known = await identifyClient(ports, credential);
  if (!known.ok) return known;
  // Every request of a client needs the signing keys: they are read while its leases are requested.
  const [active] = await Promise.all([activeClient(ports, known.value), ports.keySet()]);
  return active;
}

/** The holder of a key, if it is this client. */
async function identifyClient(
  ports: AuthenticationPorts,
  { secret, client }: ClientCredential,
): Promise<Result<KnownKey, ClientRefusal>> {
  const known = await identifyKey(ports, secret);
  if (known === undefined || (client !== null && client !== known.agent)) {
    return err({ kind: "invalid_client", known: null });
  }
  return ok(known);
}

/** The epochs under which the client acts now. A dead key and a revoked agent get one answer. */
async function activeClient(
  ports: AuthenticationPorts,
  known: KnownKey,
): Promise<Result<ActiveClient, ClientRefusal>> {
  const dead = (why: string): ClientRefusal => ({ kind: "invalid_client", known: { ...known, why } });
  const lease = await leaseForKey(ports, known);
  if (!lease.ok) return lease;
  const { answer } = lease.value;
  const isDead = answer.state === "revoked" || answer.state === "absent";
  if (isDead || !isKeyLive(lease.value, known.key, ports.clock.now())) return err(dead(answer.state));
  if (answer.state !== "active") return err({ kind: "not_active", agent: known.agent, state: answer.state });
  const link = { agent: known.agent, epoch: answer.epoch, key: known.key };
  const chain = await loadChain(ports, { workspace: known.workspace, chain: [link] });
  if (!chain.ok) return err(chain.error.kind === "no_lease" ? chain.error : dead("absent"));
  const [agent] = chain.value;
  const workspace = await ports.leases.workspace(known.workspace);
  if (!workspace.ok) return workspace;
  const { halt_epoch: haltEpoch, config_epoch: configEpoch } = workspace.value.answer;
  return ok({
    agent,
    link,
    haltEpoch,
    configEpoch,
    draining: drainOf(lease.value, known.agent, ports.clock.now()),
  });
}
