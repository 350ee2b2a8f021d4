/**
 * `dome token inspect`: shows the claims of a token, and whether the service confirms it. It decodes offline, and
 * verifies with the keys of the context's service, never with keys that the token names.
 */
import type { Command } from "commander";
import type { PublishedKeys } from "../../../client/published-keys.ts";
import { DomeError } from "../../../../sdk/typescript/src/errors.ts";
import { rfc3339 } from "../../../kernel/clock.ts";
import { readSecretFile } from "../../agent-credential.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import type { Session } from "../../session.ts";
import { fields, type Cell, type Style } from "../../output.ts";
import { decodeToken, verifySignature, type Decoded } from "../../token-text.ts";

export const inspectCommand = (session: Session): Command =>
  verb({
    name: "inspect",
    summary: "Show the claims of a call token, and whether the service confirms it",
    description:
      "Show the claims of a call token, verified with the service's keys when the service answers. " +
      "Give the token in a file or on stdin, because other processes can read an argument.",
    examples: ["dome token issue | dome token inspect", "dome token inspect ./token"],
  })
    .argument("[file]", "a file with the token; - for stdin", "-")
    .action((file: string) => inspect(session, file));

type Verdict = { readonly verified: boolean | null; readonly why: string };

export async function inspect(session: Session, file: string): Promise<void> {
  if (file.startsWith("eyJ"))
    throw usage("a token must not be an argument", "dome token inspect - (token on stdin)");
  const text = (await readSecretFile(session.io, file)).trim();
  const decoded = decodeToken(text);
  if (decoded === null) throw usage("this is not a JWT (three parts of base64url with JSON in them)");
  const verdict = await verdictOn(session, text, decoded);
  const { output } = session;
  output.show({
    body: {
      header: decoded.header,
      claims: decoded.claims,
      verified: verdict.verified,
      verdict: verdict.why,
    },
    ids: typeof decoded.claims["jti"] === "string" ? [decoded.claims["jti"]] : [],
    text: () => fields(output.style, [...members(output.style, decoded), ["signature", verdict.why]]),
  });
  if (verdict.verified === false)
    throw new CommandFailure(EXIT.failed, `do not trust this token: ${verdict.why}`);
}

async function verdictOn(session: Session, text: string, decoded: Decoded): Promise<Verdict> {
  let published: PublishedKeys;
  try {
    published = await session.publishedKeys(await session.agentUrl());
  } catch (fault) {
    if (!(fault instanceof DomeError) && !(fault instanceof CommandFailure)) throw fault;
    return { verified: null, why: `not verified: ${fault.message}` };
  }
  if (decoded.claims["iss"] !== published.issuer) {
    return { verified: false, why: `it was not issued by ${published.issuer}` };
  }
  return (await verifySignature(text, published.keys))
    ? { verified: true, why: `made by ${published.issuer}` }
    : { verified: false, why: `no key of ${published.issuer} has signed it` };
}

const members = (style: Style, { header, claims }: Decoded): (readonly [string, Cell])[] => [
  ["type", plain(header["typ"])],
  ...Object.entries(claims).flatMap(([name, value]) => claim(style, name, value)),
];

function claim(style: Style, name: string, value: unknown): (readonly [string, Cell])[] {
  if (name === "act") return [[name, actors(value)]];
  if (name === "actor_receipts") return receipts(style, value);
  return [[name, TIMES.has(name) && typeof value === "number" ? when(style, value) : plain(value)]];
}

/** `agt_b for agt_a`: the current actor first, in the nesting order of RFC 8693 §4.1. */
function actors(act: unknown): string {
  const named: string[] = [];
  for (let level = act; isRecord(level) && named.length < MOST_SHOWN; level = level["act"])
    named.push(typeof level["sub"] === "string" ? level["sub"] : "?");
  return named.length === 0 ? plain(act) : named.join(" for ");
}

/** One line per receipt, newest first. Its content is not verified here. */
function receipts(style: Style, value: unknown): (readonly [string, Cell])[] {
  if (!Array.isArray(value)) return [["actor_receipts", plain(value)]];
  const texts: unknown[] = value.slice(0, MOST_SHOWN);
  return [
    ["receipts", `${value.length}, newest first; dome chain verify checks them`],
    ...texts.map((text, index): readonly [string, Cell] => [`receipt ${index}`, receipt(style, text)]),
  ];
}

function receipt(style: Style, text: unknown): string {
  const claims = typeof text === "string" ? decodeToken(text)?.claims : undefined;
  if (claims === undefined) return "not readable";
  const { act, iat, scope, basis } = claims;
  const actor = isRecord(act) ? plain(act["sub"]) : "?";
  const at = typeof iat === "number" && Math.abs(iat) < FAR_S ? style.clock(rfc3339(iat * 1000)) : "?";
  return `${actor} at ${at}, scope ${plain(scope)}, because of ${plain(basis)}`;
}

/** The most items that are printed from an untrusted token. */
const MOST_SHOWN = 32;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Times further away than this, in seconds, are not real times, and many cannot be formatted. */
const FAR_S = 1e11;
const TIMES = new Set(["exp", "iat", "nbf"]);

/** @param at seconds since the epoch (RFC 7519 §2). */
const when = (style: Style, at: number): Cell =>
  Math.abs(at) < FAR_S ? style.at(rfc3339(at * 1000)) : String(at);

const plain = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "-");
