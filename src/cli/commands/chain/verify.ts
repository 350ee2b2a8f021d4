/**
 * `dome chain verify`: verifies a chain of receipts with the issuer's published keys alone. The token never decides
 * whom to trust: the issuer comes from the context, or from `--issuer` with `--jwks`.
 */
import type { Command } from "commander";
import type { ChainReport } from "../../../delegation/chain-report.ts";
import type { ChainFault } from "../../../delegation/chain-rules.ts";
import type { ChainOptions } from "../../../delegation/verify-chain.ts";
import type { JwksRefusal } from "../../../signing/published-keys.ts";
import { unreachable, type Result } from "../../../kernel/result.ts";
import { JSON_FAULTS, parseJson, pointerOf } from "../../../kernel/strict-json.ts";
import { DomeError } from "../../../../sdk/typescript/src/errors.ts";
import { isId } from "../../../kernel/ids.ts";
import { readSecretFile } from "../../agent-credential.ts";
import { readEvidence, type Evidence } from "../../chain-evidence.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import type { Names } from "../../names.ts";
import { decodeToken } from "../../token-text.ts";
import type { Session } from "../../session.ts";
import { oneStdin } from "../../token-file.ts";
import { faultText, reportText } from "./view.ts";

interface VerifyOptions {
  readonly jwks?: string;
  readonly issuer?: string;
}
type Trusted = Pick<ChainOptions, "issuer" | "keys">;

export const verifyCommand = (session: Session): Command =>
  verb({
    name: "verify",
    summary: "Verify who acted for whom, from the published keys alone",
    description:
      "Verify a chain of delegation: signatures, order, and that no hop widened what it was given. The file holds a " +
      "call token, a JSON array of receipts (newest first), or a JSON object with access_token or actor_receipts, as " +
      "the token endpoint and introspection answer. The keys are those of the service of the context; with --jwks and " +
      "--issuer no service is needed. An expired token is reported, not refused: it remains evidence. " +
      "Exit code 0: verified; 3: not.",
    examples: [
      "dome token exchange --subject ./user.jwt | dome chain verify",
      "dome chain verify ./receipts.json --jwks ./jwks.json --issuer https://dome.example.com",
    ],
  })
    .argument("[file]", "a file with the token or the receipts; - for stdin", "-")
    .option("--jwks <file>", "the issuer's published keys, from /.well-known/jwks.json; - for stdin")
    .option("--issuer <url>", "the issuer that is trusted (default: the service of the context)")
    .action((file: string, options: VerifyOptions) => verify(session, file, options));

async function verify(session: Session, file: string, options: VerifyOptions): Promise<void> {
  if (file.startsWith("eyJ"))
    throw usage("a token must not be an argument", "dome chain verify - (token on stdin)");
  oneStdin({ FILE: file, "--jwks": options.jwks });
  if (options.jwks !== undefined && options.issuer === undefined)
    throw usage(
      "--jwks needs --issuer, because you decide which issuer to trust, and not the token",
      "--issuer URL: the issuer in that service's /.well-known/oauth-authorization-server",
    );
  const evidence = readEvidence(await readSecretFile(session.io, file));
  const trusted = await trustedKeys(session, options);
  const { verifyChain } = await import("../../../delegation/verify-chain.ts");
  const result = await verifyChain(evidence, { ...trusted, now: session.io.clock.now() });
  const names = result.ok ? await namesFor(session, result.value, evidence, options) : {};
  show(session, result, names);
  // Token keys are removed from the published set, receipt keys are not: the key of an old token may be unknown while
  // its receipts can still be verified.
  if (!result.ok && result.error.kind === "token_refused")
    session.output.note(
      `next: its receipts may verify alone: dome token inspect ${file} --json | jq .claims.actor_receipts | dome chain verify`,
    );
}

function show(session: Session, result: Result<ChainReport, ChainFault>, names: Names): void {
  const { output } = session;
  if (result.ok) {
    const report = result.value;
    output.show({
      body: { verified: true, ...report },
      ids: report.hops.map((hop) => hop.receipt),
      text: () => reportText(output.style, report, names),
    });
    return;
  }
  output.show({
    body: { verified: false, fault: result.error },
    ids: [],
    text: () => faultText(output.style, result.error),
  });
  session.end(EXIT.denied);
}

/**
 * The names of the agents, and the user's e-mail address if the verified token has it. Names prove nothing. They are
 * requested from the service of the context, and not when the keys came from a file; on any failure only the ids are
 * shown.
 */
async function namesFor(
  session: Session,
  report: ChainReport,
  { token }: Evidence,
  { jwks }: VerifyOptions,
): Promise<Names> {
  const email = token === undefined ? undefined : decodeToken(token)?.claims["email"];
  const user = typeof email === "string" ? { [report.subject]: email } : {};
  const agents = [report.subject, report.actor, ...report.hops.map((hop) => hop.actor)];
  const ids = [...new Set(agents.filter((id) => isId("agt", id)))];
  if (jwks !== undefined) return user;
  try {
    if ((await session.connection()).url !== (await session.agentUrl())) return user;
    return { ...(await (await session.controlPlane()).agents.names(ids)), ...user };
  } catch (fault) {
    if (fault instanceof CommandFailure || fault instanceof DomeError) return user;
    throw fault;
  }
}

async function trustedKeys(session: Session, { jwks, issuer }: VerifyOptions): Promise<Trusted> {
  const { keysFromJwks } = await import("../../../signing/published-keys.ts");
  if (jwks !== undefined && issuer !== undefined) {
    const keys = await keysFromJwks(json(await readSecretFile(session.io, jwks), jwks));
    if (!keys.ok) throw usage(`${jwks} is not a JWKS of Dome: ${why(keys.error)}`);
    return { issuer, keys: keys.value };
  }
  const url = await session.agentUrl();
  const published = await session.publishedKeys(url);
  if (issuer !== undefined && issuer !== published.issuer)
    throw usage(
      `the service at ${url} has the issuer ${published.issuer}, not ${issuer}`,
      "add --jwks FILE with the keys of that issuer, or choose its context with --context NAME",
    );
  const keys = await keysFromJwks({ keys: published.keys });
  if (!keys.ok)
    throw new CommandFailure(EXIT.failed, `the keys of ${url} cannot be used: ${why(keys.error)}`);
  return { issuer: published.issuer, keys: keys.value };
}

function why(refusal: JwksRefusal): string {
  switch (refusal.kind) {
    case "not_a_jwks":
      return `${refusal.member === "" ? "it" : refusal.member}: ${refusal.detail}`;
    case "repeated_kid":
      return `two keys have the name ${refusal.kid}`;
    case "not_a_point":
      return `the key ${refusal.kid} is not a P-256 key`;
    default:
      return unreachable(refusal);
  }
}

function json(text: string, file: string): unknown {
  const parsed = parseJson(text, { numbers: "finite" });
  if (parsed.ok) return parsed.value;
  const { kind } = parsed.error;
  throw usage(
    `${file}${kind === "malformed" ? " is not JSON" : `${pointerOf(parsed.error)} ${JSON_FAULTS[kind]}`}`,
  );
}
