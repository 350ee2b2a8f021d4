/**
 * Verifies a whole chain offline: which agents acted for which user, in which order, and with how much authority.
 * It detects a hop that was added, removed, moved or widened later. Pure over the issuer's published keys; no I/O,
 * no clock of its own.
 *
 * The receipts are evidence of past events, so an expired token does not invalidate them; its expiry is reported.
 * An offline check cannot show whether the agents are alive, or whether the token was revoked: `not_checked` says
 * so.
 *
 * `issuer` is the issuer that the reader trusts, known from elsewhere: the token's own `iss` could be chosen by a
 * forger.
 */
import { callTokenClaims, TOKEN_TYPE, type CallTokenClaims } from "../contract/call-token.ts";
import { schemaWords } from "../contract/schema-words.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { verifyJws, type JwsRefusal, type KeySet } from "../signing/jws.ts";
import { parseSegment } from "../signing/strict-json.ts";
import { reportOn, type ChainReport } from "./chain-report.ts";
import { brokenRule, type ChainFault, type ChainFaultKind, type Link } from "./chain-rules.ts";
import { verifyActorReceipt } from "./receipt.ts";

export interface ChainInput {
  /** A call token. */
  readonly token?: string;
  /** Receipts, newest first. With a token: those that were delivered beside it. */
  readonly receipts?: readonly string[];
}

export interface ChainOptions {
  /** The trusted issuer, byte for byte. */
  readonly issuer: string;
  readonly keys: KeySet["keys"];
  /** Milliseconds since the epoch. Without it, the report says nothing about the token's expiry. */
  readonly now?: number;
}

/** More than any tier allows. It bounds the work; it is not a policy. */
const MAX_RECEIPTS = 32;

/** Verifies a token with its receipts, or receipts alone. */
export async function verifyChain(
  input: ChainInput,
  options: ChainOptions,
): Promise<Result<ChainReport, ChainFault>> {
  const token = input.token === undefined ? undefined : await readToken(input.token, options);
  if (token?.ok === false) return token;
  const texts = receiptsOf(input, token?.value);
  if (!texts.ok) return texts;
  const links: Link[] = [];
  for (const [index, text] of texts.value.entries()) {
    const link = await readReceipt(text, index, options);
    if (!link.ok) return link;
    links.push(link.value);
  }
  const broken = brokenRule(links, token?.value, options.issuer);
  if (broken !== undefined) return err(broken);
  return ok(reportOn(links, token?.value, options));
}

async function readToken(text: string, options: ChainOptions): Promise<Result<CallTokenClaims, ChainFault>> {
  const foreign = issuerFault(text, null, options.issuer);
  if (foreign !== undefined) return err(foreign);
  const payload = await verifyJws(text, TOKEN_TYPE, "token", options.keys);
  if (!payload.ok) return fault("token_refused", null, `the token ${REFUSED[payload.error.kind]}`);
  const claims = callTokenClaims.safeParse(payload.value, { error: schemaWords });
  if (claims.success) return ok(claims.data);
  const issue = claims.error.issues[0];
  return fault("token_refused", null, `the token's ${memberOf(issue?.path)} ${issue?.message ?? "is wrong"}`);
}

async function readReceipt(
  text: string,
  index: number,
  options: ChainOptions,
): Promise<Result<Link, ChainFault>> {
  const foreign = issuerFault(text, index, options.issuer);
  if (foreign !== undefined) return err(foreign);
  const claims = await verifyActorReceipt(text, options);
  if (claims.ok) return ok({ text, claims: claims.value, kid: kidOf(text) });
  const { error } = claims;
  if (error.kind === "wrong_issuer") return fault("wrong_issuer", index, "another issuer stands in it");
  const why = error.kind === "bad_claims" ? `has a wrong ${error.member || "shape"}` : REFUSED[error.kind];
  return fault("receipt_refused", index, `it ${why}`);
}

/** The issuer is compared before anything else, although the token is not yet verified. */
function issuerFault(text: string, index: number | null, issuer: string): ChainFault | undefined {
  const named = parseSegment(text.split(".", 2)[1] ?? "")?.["iss"];
  if (named === undefined || named === issuer) return undefined;
  const shown = typeof named === "string" ? named.slice(0, 200) : "something that is no URL";
  return {
    kind: "wrong_issuer",
    index,
    detail: `its issuer is ${shown}, and the trusted issuer is ${issuer}`,
  };
}

/**
 * The receipts inside the token or beside it. When both are given, they must be equal; otherwise one of them is
 * false.
 */
function receiptsOf(
  { receipts: beside }: ChainInput,
  token: CallTokenClaims | undefined,
): Result<readonly string[], ChainFault> {
  const inline = token?.actor_receipts;
  if (token === undefined && (beside === undefined || beside.length === 0))
    return fault("nothing_given", null, "there is neither a token nor a receipt");
  if (inline !== undefined && beside !== undefined) {
    const same = inline.length === beside.length && inline.every((text, index) => text === beside[index]);
    if (!same) return fault("receipts_differ", null, "the receipts beside the token are not those inside it");
  }
  const receipts = inline ?? beside ?? [];
  return receipts.length > MAX_RECEIPTS
    ? fault("wrong_count", null, `there are ${receipts.length} receipts; no chain is that long`)
    : ok(receipts);
}

const REFUSED: Readonly<Record<JwsRefusal["kind"], string>> = {
  too_large: "is larger than anything that Dome signs",
  not_compact:
    "is not a compact JWS: characters that do not belong there, padding, or other than three parts",
  malformed: "has a header or payload that is not plain JSON",
  critical_header: "has a critical header that Dome never sets",
  embedded_key: "brings a key with it, and only published keys count",
  wrong_typ: "is another kind of thing: its typ is not the one expected here",
  wrong_alg: "is not signed with ES256",
  unknown_kid: "is signed with a key that the issuer has not published",
  wrong_key_use: "is signed with a key of the issuer that is not for this kind of thing",
  bad_signature: "has a signature that does not hold: it was changed, or another key made it",
};

const fault = (kind: ChainFaultKind, index: number | null, detail: string) => err({ kind, index, detail });
const memberOf = (path: readonly PropertyKey[] | undefined): string => String(path?.[0] ?? "shape");

function kidOf(text: string): string {
  const kid = parseSegment(text.split(".", 1)[0] ?? "")?.["kid"];
  return typeof kid === "string" ? kid : "";
}
