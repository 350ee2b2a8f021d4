/**
 * The steps of a request to an OAuth endpoint: authenticate the client, read the form, call the handler. A credential
 * in the header is checked before the form is read; one in the form (`client_secret_post`) needs the form first, up to
 * 64 KB. Where a key may revoke itself, 1 KB of the form of a refused key is read, to see whether the token is that
 * key.
 */
import { authenticateOperator } from "../access/operator.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { authenticateClient } from "../oauth/authenticate-client.ts";
import { mayDo } from "../operators/permissions.ts";
import {
  contradictsHeader,
  credentialInForm,
  credentialInHeader,
  MAX_FORM_BYTES,
  MAX_HELD_FORM_BYTES,
  readForm,
  type PresentedCredential,
} from "./client-form.ts";
import { oauthDialect, oauthRefusal, UNCACHED, type OAuthRefusal } from "./dialects/oauth.ts";
import { invalidRequest, refusedToken, unauthenticated, type Scheme } from "./dialects/oauth-refusals.ts";
import { noteRefusedClient, noteRefusedOperator } from "./refused.ts";
import { countAgent, countOperator, countRefused, isNeverLimited, rateOf } from "./rate-limits.ts";
import { requestFacts } from "./request-facts.ts";
import {
  respond,
  type Arrival,
  type ClientParty,
  type Outcome,
  type Route,
  type RouteShape,
} from "./route.ts";
import type { Services } from "./services.ts";

interface ClientShape extends RouteShape {
  readonly door: Extract<RouteShape["door"], { readonly by: "client" }>;
}

interface ClientRequest {
  readonly services: Services;
  readonly http: Request;
  readonly requestId: string;
  readonly facts: NonNullable<AuditDraft["request"]>;
  readonly party: ClientParty;
  readonly form: ReadonlyMap<string, string>;
  /** The scheme of the credential; a challenge names the same one (RFC 6749 §5.2). */
  readonly scheme: Scheme;
}

/** A route of the authorization server: client authentication, a form, and refusals in the form of RFC 6749 §5.2. */
export const oauthRoute = (
  shape: ClientShape,
  handle: (request: ClientRequest) => Promise<Outcome<OAuthRefusal>>,
): Route => ({
  ...shape,
  dialect: oauthDialect,
  answer: async (arrival) => {
    const about = { requestId: arrival.requestId, challenge: "" };
    const request = await requestOf(shape, arrival);
    const outcome = request.ok ? await handle(request.value) : request;
    if (!outcome.ok) return oauthDialect.refuse(outcome.error, about);
    const { headers, ...reply } = outcome.value;
    return respond(shape, { ...reply, headers: { ...UNCACHED, ...headers } });
  },
});

async function requestOf(shape: ClientShape, arrival: Arrival): Promise<Result<ClientRequest, OAuthRefusal>> {
  const { services, http, requestId } = arrival;
  if (new URL(http.url).search !== "")
    return err(invalidRequest("Send the parameters in the body, not in the URL"));
  const inHeader = credentialInHeader(http.headers.get("authorization"));
  if (!inHeader.ok) return inHeader;
  const client =
    inHeader.value === null ? await byForm(shape, arrival) : await byHeader(shape, arrival, inHeader.value);
  return client.ok
    ? ok({ services, http, requestId, facts: requestFacts(http, services.clientIpHeader), ...client.value })
    : client;
}

type AtTheDoor = Pick<ClientRequest, "party" | "form" | "scheme">;

async function byHeader(
  shape: ClientShape,
  arrival: Arrival,
  credential: PresentedCredential,
): Promise<Result<AtTheDoor, OAuthRefusal>> {
  const party = await partyOf(shape, arrival, credential);
  if (!party.ok && !mayHold(shape, credential)) return party;
  const form = await readForm(arrival.http, party.ok ? MAX_FORM_BYTES : MAX_HELD_FORM_BYTES);
  if (!form.ok) return party.ok ? form : party;
  const itself = holds(shape, credential, form.value);
  if (!party.ok && !itself) return party;
  const contradiction = contradictsHeader(form.value, credential);
  if (contradiction !== undefined) return err(contradiction);
  const { scheme } = credential;
  // A key that revokes itself needs no client id, whether it is live or not.
  if (!party.ok || itself) return ok({ party: party.ok ? party.value : HOLDER, form: form.value, scheme });
  if (isNamedOtherwise(party.value, form.value)) return err(refusedToken(NOT_THE_CLIENT, scheme));
  return ok({ party: party.value, form: form.value, scheme });
}

async function byForm(shape: ClientShape, arrival: Arrival): Promise<Result<AtTheDoor, OAuthRefusal>> {
  const form = await readForm(arrival.http);
  if (!form.ok) return form;
  const credential = credentialInForm(form.value);
  if (!credential.ok) return credential;
  const party = await partyOf(shape, arrival, credential.value);
  if (!party.ok && holds(shape, credential.value, form.value))
    return ok({ party: HOLDER, form: form.value, scheme: credential.value.scheme });
  return party.ok ? ok({ party: party.value, form: form.value, scheme: credential.value.scheme }) : party;
}

const HOLDER = { by: "holder" } as const;

/** True for an API key at a door where a key may revoke itself, even if its agent may do nothing. */
const mayHold = ({ door }: ClientShape, { secret }: PresentedCredential): boolean =>
  door.holders === true && secret.startsWith("dome_at_");

/**
 * True when the credential is also the token to revoke (RFC 7009 §2.2). Any key, live, dead or made up, is dead
 * afterwards, so the answer reveals nothing (P11).
 */
const holds = (
  shape: ClientShape,
  credential: PresentedCredential,
  form: ReadonlyMap<string, string>,
): boolean => mayHold(shape, credential) && form.get("token") === credential.secret;

const NOT_THE_CLIENT = { kind: "invalid_client", known: null } as const;

/** `Bearer` names no client. A `client_id` in the form that names another client does not authenticate. */
const isNamedOtherwise = (party: ClientParty, form: ReadonlyMap<string, string>): boolean =>
  party.by === "client" && (form.get("client_id") ?? party.client.agent.id) !== party.client.agent.id;

async function partyOf(
  { door: { permission }, path }: ClientShape,
  arrival: Arrival,
  credential: PresentedCredential,
): Promise<Result<ClientParty, OAuthRefusal>> {
  const { services, http, requestId, recognised } = arrival;
  const { scheme, secret, client } = credential;
  const { ip } = requestFacts(http, services.clientIpHeader);
  if (permission !== null && scheme === "Bearer" && secret.startsWith("dome_ot_")) {
    const operator = await authenticateOperator(services.operators, `Bearer ${secret}`);
    if (!operator.ok) {
      noteRefusedOperator(services, operator.error, path, requestId);
      const counted = await countRefused(services, ip);
      return err(counted.ok ? unauthenticated("Bearer") : oauthRefusal(counted.error));
    }
    const { role, token } = operator.value;
    recognised(`operator:${token}`);
    const counted = isNeverLimited(permission) ? ok(undefined) : await countOperator(services, token);
    if (!counted.ok) return err(oauthRefusal(counted.error));
    if (mayDo(role, permission)) return ok({ by: "operator", operator: operator.value });
    return err({
      status: 403,
      error: "unauthorized_client",
      description: `The role ${role} does not have the permission ${permission}`,
    });
  }
  const authenticated = await authenticateClient(services.access, { secret, client });
  if (!authenticated.ok) {
    noteRefusedClient(services, authenticated.error, path, requestId);
    const counted =
      authenticated.error.kind === "invalid_client" ? await countRefused(services, ip) : ok(undefined);
    return err(counted.ok ? refusedToken(authenticated.error, scheme) : oauthRefusal(counted.error));
  }
  const { agent, link } = authenticated.value;
  recognised(agent.id);
  const counted = isNeverLimited(permission)
    ? ok(undefined)
    : await countAgent(services, {
        agent: agent.id,
        key: link.key,
        workspace: agent.workspaceId,
        rate: rateOf(services.access.tiers, [agent]),
      });
  if (!counted.ok) return err(oauthRefusal(counted.error));
  return ok({ by: "client", client: authenticated.value });
}
