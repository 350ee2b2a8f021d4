/** Reads the OpenAPI document of an HTTP tool for the control plane, and says in words why it could not. */
import { askedWithin } from "../deadline.ts";
import { readAll } from "../../egress/chunks.ts";
import type { Egress } from "../../egress/egress.ts";
import { isPlain } from "../../egress/headers.ts";
import { redirects, type UpstreamEnd, type UpstreamLimits } from "../../egress/open.ts";
import type { Timers } from "../../kernel/clock.ts";
import { err, type Result } from "../../kernel/result.ts";
import { JSON_FAULTS, parseJsonBytes } from "../../kernel/strict-json.ts";
import { masked } from "../credential/masked-answer.ts";
import { ENDED_AS, ofDome, ofUpstream, type ServerFault } from "../server-in-words.ts";
import { noCredentialInWords } from "../credential/no-credential.ts";
import {
  serverCredential,
  type Server,
  type ServerCredentialPorts,
} from "../credential/server-credential.ts";

/** The longest time for a whole document, in milliseconds. */
const DOCUMENT_MS = 30_000;
/** The largest document that is read, in bytes. */
export const MOST_DOCUMENT_BYTES = 4_194_304;

const LIMITS: UpstreamLimits = { headersMs: 15_000, silenceMs: 15_000, bytes: MOST_DOCUMENT_BYTES };

interface DocumentPorts extends ServerCredentialPorts {
  readonly egress: Pick<Egress, "open">;
  readonly timers: Timers;
}

/** Dome's credential is sent only where the tool's server is: a document elsewhere is asked for without one (P10). */
export const readDocument = (
  ports: DocumentPorts,
  url: string,
  server: Server,
): Promise<Result<unknown, ServerFault>> =>
  askedWithin(ports.timers, DOCUMENT_MS, (signal) => readWithin(ports, url, server, signal));

async function readWithin(
  ports: DocumentPorts,
  url: string,
  server: Server,
  signal: AbortSignal,
): Promise<Result<unknown, ServerFault>> {
  const secret = new Headers();
  if (new URL(url).origin === new URL(server.url).origin) {
    const credential = await serverCredential(ports, server, signal);
    if (!credential.ok) return err(noCredentialInWords(credential.error));
    for (const [name, value] of credential.value.headers) secret.set(name, value);
  }
  const headers = new Headers(secret);
  headers.set("accept", "application/json");
  const request = { method: "GET", url, headers, body: null, signal };
  const opened = await masked(await ports.egress.open(request, LIMITS), secret);
  if (!opened.ok)
    return opened.error.kind === "address_refused" ? err(ADDRESS_REFUSED) : ended(opened.error.kind);
  const { status, headers: answered, body } = opened.value;
  if (status !== 200 || !isPlain(answered)) {
    await body?.cancel().catch(() => undefined);
    return status === 200
      ? failed("The document came in an encoding that Dome did not ask for.")
      : failed(refused(status));
  }
  const read = await readAll(body);
  if (!read.ok) return ended(read.error);
  const parsed = parseJsonBytes(read.value, { numbers: "finite" });
  if (parsed.ok) return parsed;
  return failed(
    `The document ${JSON_FAULTS[parsed.error.kind]}. If it is YAML, convert it, and give it as a file.`,
  );
}

const failed = (detail: string): Result<never, ServerFault> => err(ofUpstream("upstream_failed", detail));
const ended = (how: UpstreamEnd): Result<never, ServerFault> => err(ofUpstream(ENDED_AS[how], ENDED[how]));

function refused(status: number): string {
  if (redirects(status))
    return "The document has moved, and Dome does not follow. Set its URL to where it is.";
  return `The server of the document answered with ${status}.`;
}

const ADDRESS_REFUSED = ofDome(
  "upstream_unreachable",
  "Dome does not call the address of the document. See docs/tools.md",
);

const ENDED: Readonly<Record<UpstreamEnd, string>> = {
  unreachable: "The server of the document could not be reached.",
  undecodable: "The document came in an encoding that Dome did not ask for, and cannot be decoded.",
  timed_out: "The server of the document did not answer in time.",
  aborted: "The server of the document did not answer in time.",
  body_silent: "Dome did not send its whole request for the document.",
  body_broken: "Dome did not send its whole request for the document.",
  too_large: `The document has more than ${MOST_DOCUMENT_BYTES} bytes.`,
};
