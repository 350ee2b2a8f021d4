/**
 * Verifies a `Dome-Context`. The header of the token is the sender's text until the signature has been checked: it only
 * chooses among the keys of the service. Its type, its algorithm and its audience are fixed here (RFC 8725 §3.1, §3.11).
 */
import { members, text, textOrNull, texts, whole, type Members } from "./decode.ts";
import type { DomeKeys } from "./dome-keys.ts";
import { ConfigurationError, ContextError, type ContextFault } from "./errors.ts";

/** What a context is compared with. */
export interface ContextOptions {
  /** The keys of the service that signs. */
  readonly keys: DomeKeys;
  /** The name of this server: the URL of the tool, or the audience that the tool's entry names. */
  readonly audience: string;
  /** By how much the clocks may differ, in seconds; default 5, at most 30. */
  readonly clockToleranceSeconds?: number;
}

/** The end user of a call, as verified by an identity provider of the workspace. */
export interface ContextUser {
  /** `usr_…`: stable within a workspace. */
  readonly id: string;
  /** The name of the provider; null: the workspace does not trust it any more. */
  readonly provider: string | null;
  /** The provider's own name; null where the provider's token did not come with this call. */
  readonly issuer: string | null;
  /** The user's name at the provider; null as for `issuer`. */
  readonly subject: string | null;
  /** Null: unknown. */
  readonly email: string | null;
  /** Empty also where `groupsOverage` is true. */
  readonly groups: readonly string[];
  /** The user has groups that are not listed. */
  readonly groupsOverage: boolean;
}

/** One call, as Dome has admitted it. */
export interface DomeContext {
  /** Names this one context. Keep it until `expiresAt` where a call must not be repeated. */
  readonly id: string;
  /** The service that signed. */
  readonly issuer: string;
  /** This server. */
  readonly audience: string;
  /** For whom the call is: the user, or the agent where the chain begins. */
  readonly subject: string;
  /** The workspace of the agents. */
  readonly workspace: {
    /** `wsp_…`. */
    readonly id: string;
    /** Its name. */
    readonly name: string;
  };
  /** The agent that calls. */
  readonly agent: {
    /** `agt_…`: never used for another agent. */
    readonly id: string;
    /** Its name, unique in the workspace for ever. */
    readonly name: string;
    /** Who registered it. */
    readonly owner: string;
    /** Its tier. */
    readonly tier: string;
  };
  /** Every agent that takes part, newest first. */
  readonly chain: readonly {
    /** `agt_…`. */
    readonly agent: string;
    /** Its name. */
    readonly name: string;
    /** Its tier. */
    readonly tier: string;
  }[];
  /** Null: no end user. */
  readonly user: ContextUser | null;
  /** What was decided on, for instance `http:call`. */
  readonly action: string;
  /** The tool's name in Dome. */
  readonly tool: string;
  /** Null: of the whole tool. */
  readonly operation: string | null;
  /** By it an operator of Dome finds the decision. */
  readonly decisionId: string;
  /** The request at Dome's door. */
  readonly requestId: string;
  /** The transaction that the call belongs to. */
  readonly txn: string;
  /** Of the request at Dome's door; null: unknown. */
  readonly request: {
    /** Of HTTP. */
    readonly method: string | null;
    /** The agent's address. */
    readonly ip: string | null;
    /** Two letters. */
    readonly country: string | null;
    /** What the agent's program calls itself. */
    readonly userAgent: string | null;
    /** Those that the tool's entry names, by name in lower case. */
    readonly headers: Readonly<Record<string, string>>;
  };
  /** Seconds since the epoch, by the service's clock. */
  readonly issuedAt: number;
  /** Seconds since the epoch, by the service's clock. */
  readonly expiresAt: number;
}

const TYPE = "dome-context+jwt";
const MOST_SECONDS = 60;
const MOST_LENGTH = 16_384;
const TOLERANCE_S = 5;
const MOST_TOLERANCE_S = 30;
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;
const KID = /^[A-Za-z0-9_-]{1,64}$/;
/** Of extensions that are not understood (RFC 7515 §4.1.11), and of keys that the sender brings along. */
const REFUSED = ["crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"];

/**
 * @param token the value of the header `Dome-Context`; null or undefined: there is none, which is refused.
 * @throws ContextError: the call must not be let in; `code` says why. ConfigurationError for an option that cannot be right.
 */
export async function verifyDomeContext(
  token: string | null | undefined,
  options: ContextOptions,
): Promise<DomeContext> {
  const tolerance = options.clockToleranceSeconds ?? TOLERANCE_S;
  if (!(tolerance >= 0 && tolerance <= MOST_TOLERANCE_S))
    throw new ConfigurationError(`clockToleranceSeconds must be from 0 to ${MOST_TOLERANCE_S}`);
  if (typeof options.audience !== "string" || options.audience === "")
    throw new ConfigurationError("audience must be the name of this server, as the tool's entry has it");
  if (token == null || token === "") throw refusal("context_missing");
  const claims = await signedClaims(token, options.keys);
  try {
    return contextOf(claims, options, tolerance);
  } catch (fault) {
    throw fault instanceof ContextError ? fault : refusal("context_malformed");
  }
}

async function signedClaims(token: string, keys: DomeKeys): Promise<Members> {
  const [, head = "", payload = "", signature = ""] =
    (token.length <= MOST_LENGTH && COMPACT.exec(token)) || [];
  if (head === "") throw refusal(isUnsigned(token) ? "context_wrong_algorithm" : "context_malformed");
  const header = parsed(head);
  if (REFUSED.some((name) => Object.hasOwn(header, name))) throw refusal("context_malformed");
  const { typ, alg, kid } = header;
  if (typeof typ !== "string" || typ.toLowerCase().replace(/^application\//, "") !== TYPE)
    throw refusal("context_wrong_type");
  if (alg !== "ES256") throw refusal("context_wrong_algorithm");
  const key = typeof kid === "string" && KID.test(kid) ? await keys.find(kid) : undefined;
  if (key === undefined) throw refusal("context_unknown_key");
  const signed = new TextEncoder().encode(`${head}.${payload}`);
  const isGenuine = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    bytesOf(signature),
    signed,
  );
  if (!isGenuine) throw refusal("context_bad_signature");
  return parsed(payload);
}

/** `alg: none` has an empty signature (RFC 7518 §3.6), and is worth a word of its own. */
const isUnsigned = (token: string): boolean =>
  token.length <= MOST_LENGTH && /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.$/.test(token);

function parsed(segment: string): Members {
  try {
    const json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(segment));
    return members(JSON.parse(json));
  } catch {
    throw refusal("context_malformed");
  }
}

const bytesOf = (segment: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(segment.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

function contextOf(claims: Members, { keys, audience }: ContextOptions, tolerance: number): DomeContext {
  if (claims["iss"] !== keys.issuer) throw refusal("context_wrong_issuer");
  if (claims["aud"] !== audience) throw refusal("context_wrong_audience");
  const now = keys.now() / 1000;
  const issuedAt = whole(claims, "iat");
  const expiresAt = whole(claims, "exp");
  const notBefore = claims["nbf"] === undefined ? issuedAt : Math.max(issuedAt, whole(claims, "nbf"));
  if (expiresAt <= issuedAt || expiresAt - issuedAt > MOST_SECONDS) throw refusal("context_malformed");
  if (notBefore > now + tolerance) throw refusal("context_not_yet_valid");
  if (expiresAt <= now - tolerance) throw refusal("context_expired");
  const dome = members(claims["dome"], "dome");
  const workspace = members(dome["workspace"], "workspace");
  const agent = members(dome["agent"], "agent");
  const request = members(dome["request"], "request");
  const { chain } = dome;
  if (!Array.isArray(chain) || chain.length === 0) throw refusal("context_malformed");
  return {
    id: text(claims, "jti"),
    issuer: keys.issuer,
    audience,
    subject: text(claims, "sub"),
    workspace: { id: text(workspace, "id"), name: text(workspace, "name") },
    agent: {
      id: text(agent, "id"),
      name: text(agent, "name"),
      owner: text(agent, "owner"),
      tier: text(agent, "tier"),
    },
    chain: chain.map((each) => {
      const link = members(each, "chain");
      return { agent: text(link, "agent"), name: text(link, "name"), tier: text(link, "tier") };
    }),
    user: dome["user"] === null ? null : userOf(members(dome["user"], "user")),
    action: text(dome, "action"),
    tool: text(dome, "tool"),
    operation: textOrNull(dome, "operation"),
    decisionId: text(dome, "decision_id"),
    requestId: text(dome, "request_id"),
    txn: text(claims, "txn"),
    request: {
      method: textOrNull(request, "method"),
      ip: textOrNull(request, "ip"),
      country: textOrNull(request, "country"),
      userAgent: textOrNull(request, "user_agent"),
      headers: headersOf(request["headers"]),
    },
    issuedAt,
    expiresAt,
  };
}

function headersOf(value: unknown): Readonly<Record<string, string>> {
  const headers = members(value, "headers");
  for (const name of Object.keys(headers)) text(headers, name);
  return headers as Readonly<Record<string, string>>;
}

const userOf = (user: Members): ContextUser => ({
  id: text(user, "id"),
  provider: textOrNull(user, "provider"),
  issuer: textOrNull(user, "issuer"),
  subject: textOrNull(user, "subject"),
  email: textOrNull(user, "email"),
  groups: user["groups"] === undefined ? [] : texts(user, "groups"),
  groupsOverage: user["groups_overage"] === true,
});

const WHY: Readonly<Record<Exclude<ContextFault, "keys_unavailable">, string>> = {
  context_missing: "the call has no Dome-Context",
  context_malformed: "the Dome-Context is not one",
  context_wrong_type: "the token in Dome-Context is of another type",
  context_wrong_algorithm: "the Dome-Context is not signed with ES256",
  context_unknown_key: "the Dome-Context is signed with a key that the service does not publish",
  context_bad_signature: "the signature of the Dome-Context does not fit",
  context_wrong_issuer: "the Dome-Context is of another issuer",
  context_wrong_audience: "the Dome-Context is for another server",
  context_not_yet_valid: "the Dome-Context is not valid yet: compare the clocks",
  context_expired: "the Dome-Context has expired",
};

const refusal = (code: keyof typeof WHY): ContextError => new ContextError(code, WHY[code]);
