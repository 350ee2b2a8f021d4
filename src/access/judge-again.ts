/**
 * Judges a call once more that runs while what is allowed has changed: the same request, by the same steps, on what is in
 * force now. So a change of a surface, the catalog, a tier or a policy reaches what was admitted before it.
 *
 * One agent may have many calls open, and one change concerns them all. So the rows that they need are read by one of
 * them (`ConfigurationReader.loadInTurn`).
 */
import type { Timers } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Random } from "../kernel/random.ts";
import { withoutSignature, type Stale, type TokenState } from "../lifecycle/admission.ts";
import type { CatalogTool } from "../registry/catalog.ts";
import type { Caller } from "./caller.ts";
import { loadChain } from "./chain.ts";
import type { ConfigurationReader } from "./configuration.ts";
import type { AccessRequest } from "./evaluate.ts";
import { verdictOn, type DecisionPorts, type Question, type RequestFacts } from "./judge.ts";
import type { NoLease } from "./lease-client.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { deny, type Verdict } from "./verdict.ts";
import type { Versions } from "./versions.ts";

export interface JudgeAgainPorts extends Omit<DecisionPorts, "recordable" | "sink" | "ids"> {
  readonly timers: Timers;
  readonly random: Random;
  readonly configuration: DecisionPorts["configuration"] &
    Pick<ConfigurationReader, "load" | "loadInTurn" | "agent">;
  readonly signingKeys: Pick<SigningKeys, "keySet">;
}

/** A call that runs. It holds what it is judged on: the arguments as they were decided on, and the headers. */
interface RunningCall {
  readonly caller: Caller;
  readonly question: Question;
  readonly request: Pick<RequestFacts, "request" | "headers">;
  /** What it was sent to. */
  readonly tool: CatalogTool;
}

/** The verdict of now. */
export interface JudgedAgain {
  readonly verdict: Verdict;
  /** What was in force at the latest. */
  readonly under: Versions;
  /** The caller's, with the signature of its token verified under the current keys. */
  readonly state: TokenState;
}

/** @param until ends it. */
export async function judgeAgain(
  ports: JudgeAgainPorts,
  { caller, question, request, tool }: RunningCall,
  until: AbortSignal,
): Promise<Result<JudgedAgain, NoLease | Stale>> {
  const state = await verifiedNow(ports, caller);
  if (!state.ok) return state;
  const versions = ports.leases.versions(withoutSignature(caller.state));
  if (versions === undefined) return err({ kind: "no_lease", of: "configuration" });
  const { workspace, chain } = caller.state;
  const { records, ...epochs } = versions;
  const turns = { ...ports, until };
  await ports.configuration.loadInTurn({ workspace, ...epochs, agents: [] }, turns);
  const own = chain.map(({ agent }, at) => ({ id: agent, recordVersion: records[at] ?? 0 }));
  await ports.configuration.loadInTurn({ workspace, ...epochs, agents: own }, turns);
  const agents = await loadChain(ports, caller.state);
  if (!agents.ok) {
    if (agents.error.kind === "no_lease") return err(agents.error);
    return err({ kind: "agent_not_active", agent: agents.error.link?.agent ?? "", state: "revoked" });
  }
  const found = await verdictOn(ports, { ...caller, agents: agents.value }, () => question, request);
  if (!found.ok) return found;
  const { verdict, catalog } = found.value;
  return ok({
    verdict:
      verdict.decision === "deny" ? verdict : (otherServer(question.asked, tool, catalog.tools) ?? verdict),
    under: versions,
    state: state.value,
  });
}

/** Of a key there is no signature. That of a token holds as long as the key is published that has verified it. */
async function verifiedNow(
  { signingKeys }: JudgeAgainPorts,
  { state, signedBy }: Caller,
): Promise<Result<TokenState, NoLease | Stale>> {
  if (state.verifiedUnder === undefined || signedBy === null) return ok(state);
  const keySet = await signingKeys.keySet();
  if (!keySet.ok) return keySet;
  const { keys, epoch } = keySet.value;
  return keys.get(signedBy)?.use === "token"
    ? ok({ ...state, verifiedUnder: epoch })
    : err({ kind: "signing_key_withdrawn", kid: signedBy });
}

/** A tool of this name may be another one now, or have its server elsewhere: nobody has allowed that one's call. */
function otherServer(
  { name }: AccessRequest,
  { id, upstream }: CatalogTool,
  tools: ReadonlyMap<string, CatalogTool>,
): Verdict | null {
  const now = tools.get(name);
  if (now?.id === id && now.upstream?.url === upstream?.url) return null;
  return deny("catalog_missing", `The tool ${name} has another server now than the one that was called.`, {
    detail: "Make the call again, if the server of now may get it.",
    command: null,
    role: null,
  });
}
