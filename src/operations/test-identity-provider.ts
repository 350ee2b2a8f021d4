/**
 * Fetches a provider's documents without a cache, and checks a token with them. The token is neither stored nor
 * recorded, and the answer repeats nothing of it except the id that Dome derives for its user. The test itself is
 * recorded, with that id.
 */
import type { AuditFacts } from "../audit/record.ts";
import type { IdentityProviderTest, IdentityProviderTestRequest } from "../contract/identity-provider.ts";
import { discoveryUrl } from "../identity/discovery.ts";
import { readIdToken } from "../identity/id-token.ts";
import { fetchKeys, type FetchedKeys } from "../identity/provider-keys.ts";
import {
  GROUPS_OVERAGE,
  type IdentityProvider,
  type IdentityRefusal,
  type VerifiedUser,
} from "../identity/provider.ts";
import { boundAgents } from "../identity/provider-reads.ts";
import { isOffered } from "../identity/test-issuer.ts";
import { verifyIdToken } from "../identity/verify-id-token.ts";
import { defined } from "../kernel/defined.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { recordReading, type ReadingPorts } from "./note-reading.ts";
import { agentFor, providerFor } from "./request/resolve.ts";
import type { EgressOperationPorts, OperatorRequest } from "./request/ports.ts";
import { memberRefusal, shown, type Refusal } from "./answer/refusal.ts";

type TestPorts = EgressOperationPorts & ReadingPorts;
type Verdict = IdentityProviderTest["verdicts"][number];
type Presenter = Pick<Verdict, "agent_name"> & { readonly agent: AgentId | null };

export async function testIdentityProvider(
  ports: TestPorts,
  request: OperatorRequest,
  target: { readonly name: string; readonly workspace: string | undefined },
  { token, agent }: IdentityProviderTestRequest,
): Promise<Result<IdentityProviderTest, Refusal>> {
  const found = await providerFor(ports.db, request.operator, target.name, target.workspace);
  if (!found.ok) return found;
  const { home, provider } = found.value;
  const presenters = await presentersOf(ports, request, home, provider, agent);
  if (!presenters.ok) return presenters;

  const fetched = await fetchKeys(ports.egress, provider);
  const keys = fetched.ok ? fetched.value : undefined;
  const verdicts =
    token === undefined
      ? []
      : await Promise.all(presenters.value.map((each) => verdictFor(ports, token, provider, keys, each)));
  const noted = await recordReading(ports, request, {
    workspace: home.id,
    kind: "idp.tested",
    target: { type: "identity_provider", id: provider.name },
    data: { id: provider.id, token: token !== undefined },
    ...defined({ user: userIn(verdicts) }),
  });
  if (!noted.ok) return noted;
  const discovered = fetched.ok || fetched.error.of === "keys";
  const usable = (keys?.keys ?? []).map(({ kid, algorithms }) => ({ kid, algorithms: [...algorithms] }));
  return ok({
    name: provider.name,
    issuer: provider.issuer,
    ok: usable.length > 0 && verdicts.every((verdict) => verdict.ok),
    discovery: {
      url: discoveryUrl(provider.issuer),
      ok: discovered,
      detail: fetched.ok || discovered ? "ok" : fetched.error.why,
    },
    keys: {
      url: keys?.jwksUri ?? null,
      ok: usable.length > 0,
      detail: keysDetail(fetched),
      usable,
      ignored: keys?.ignored ?? 0,
    },
    verdicts,
  });
}

/** The operator learns the user of the token, so the record names that user. */
function userIn(verdicts: readonly Verdict[]): AuditFacts["user"] {
  const user = verdicts.find(({ ok: isGood }) => isGood)?.user ?? null;
  return user === null ? undefined : { id: user };
}

function keysDetail(fetched: Awaited<ReturnType<typeof fetchKeys>>): string {
  if (fetched.ok) return fetched.value.keys.length === 0 ? "no_usable_key" : "ok";
  return fetched.error.of === "keys" ? fetched.error.why : "no_discovery";
}

/** The named agent, or every agent to which an audience is bound. */
async function presentersOf(
  ports: TestPorts,
  request: OperatorRequest,
  home: WorkspaceRow,
  provider: IdentityProvider,
  reference: string | undefined,
): Promise<Result<readonly Presenter[], Refusal>> {
  if (reference !== undefined) {
    const found = await agentFor(ports.db, request.operator, reference, home.name);
    if (!found.ok || found.value.workspaceId !== home.id) {
      const detail = `The workspace has no agent${shown(reference)}.`;
      return err(memberRefusal("unknown_reference", "agent", detail));
    }
    return ok([{ agent: found.value.id, agent_name: found.value.name }]);
  }
  const agents = await boundAgents(ports.db, home.id);
  const bound = new Set(provider.audiences.map((each) => each.agent));
  return ok(
    [...bound].map((agent) => ({
      agent,
      agent_name: agent === null ? null : (agents.get(agent)?.name ?? null),
    })),
  );
}

async function verdictFor(
  ports: TestPorts,
  token: string,
  provider: IdentityProvider,
  keys: FetchedKeys | undefined,
  presenter: Presenter,
): Promise<Verdict> {
  const verified = await verify(ports, token, provider, keys, presenter.agent);
  if (!verified.ok)
    return { ...presenter, ok: false, detail: detailOf(verified.error), audience: null, user: null };
  const { id: user, audience, groupsOverage } = verified.value;
  return { ...presenter, ok: true, detail: groupsOverage === true ? GROUPS_OVERAGE : "ok", audience, user };
}

async function verify(
  { clock, testIssuer }: TestPorts,
  token: string,
  provider: IdentityProvider,
  keys: FetchedKeys | undefined,
  agent: AgentId | null,
): Promise<Result<VerifiedUser, IdentityRefusal>> {
  const read = readIdToken(token);
  if (!read.ok) return read;
  if (!isOffered(provider.issuer, testIssuer)) return err({ kind: "test_issuer" });
  if (keys === undefined) return err({ kind: "provider_unavailable", why: "see above" });
  const { workspaceId: workspace } = provider;
  return verifyIdToken(read.value, { provider, keys: keys.keys, workspace, agent, now: clock.now() });
}

/**
 * The name of a missing claim belongs to the provider's configuration, so it may be shown; the value of a claim never
 * is.
 */
const detailOf = (refusal: IdentityRefusal): string =>
  refusal.kind === "missing_claim"
    ? `missing_claim: ${refusal.claim}`
    : refusal.kind === "malformed"
      ? `malformed: ${refusal.why}`
      : refusal.kind;
