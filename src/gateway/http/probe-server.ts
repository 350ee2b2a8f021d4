/** Asks the server behind an HTTP tool for its own URL, to see whether it answers and takes Dome's credential. */
import { ENDED_AS, ENDED_IN_WORDS, ofDome, ofUpstream, type ServerFault } from "../server-in-words.ts";
import { rewrittenLocation } from "./urls.ts";
import { askedWithin } from "../deadline.ts";
import type { Egress } from "../../egress/egress.ts";
import { redirects, type UpstreamLimits } from "../../egress/open.ts";
import type { Timers } from "../../kernel/clock.ts";
import { refusesCredential } from "../upstream/status.ts";
import { noCredentialInWords } from "../credential/no-credential.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import {
  serverCredential,
  type Server,
  type ServerCredentialPorts,
} from "../credential/server-credential.ts";

/** The longest time for the whole probe, in milliseconds. */
const PROBE_MS = 30_000;

const LIMITS: UpstreamLimits = { headersMs: 15_000, silenceMs: 15_000, bytes: null };

/** The step of a test that failed. */
interface ProbeFault extends ServerFault {
  readonly what: "credential" | "server";
}

interface ProbePorts extends ServerCredentialPorts {
  readonly egress: Pick<Egress, "open">;
  readonly timers: Timers;
}

/** @returns the status that the server answers to a GET; its body is not read. */
export const probeServer = (ports: ProbePorts, server: Server): Promise<Result<number, ProbeFault>> =>
  askedWithin(ports.timers, PROBE_MS, (signal) => probeWithin(ports, server, signal));

async function probeWithin(
  ports: ProbePorts,
  server: Server,
  signal: AbortSignal,
): Promise<Result<number, ProbeFault>> {
  const credential = await serverCredential(ports, server, signal);
  if (!credential.ok) return err({ what: "credential", ...noCredentialInWords(credential.error) });
  const { headers } = credential.value;
  const request = { method: "GET", url: server.url, headers, body: null, signal };
  const opened = await ports.egress.open(request, LIMITS);
  const failed = (fault: ServerFault): Result<never, ProbeFault> => err({ what: "server", ...fault });
  if (!opened.ok) {
    const { kind } = opened.error;
    return failed(
      kind === "address_refused"
        ? ofDome("upstream_unreachable", "Dome does not call the address of the server.")
        : ofUpstream(ENDED_AS[kind], ENDED_IN_WORDS[kind]),
    );
  }
  const { status, headers: answered, body } = opened.value;
  await body?.cancel().catch(() => undefined);
  if (refusesCredential(status))
    return err({ what: "credential", ...ofUpstream("upstream_refused", refusedWith(status, server)) });
  if (status >= 500) return failed(ofUpstream("upstream_failed", `The server answered with ${status}.`));
  const location = answered.get("location");
  if (redirects(status) && location !== null && leadsAway(location, server.url)) {
    return failed(
      ofUpstream(
        "upstream_redirect",
        `The server redirects elsewhere with ${status}, and Dome does not follow. Set the URL to where it leads.`,
      ),
    );
  }
  return ok(status);
}

const refusedWith = (status: number, { auth }: Server): string =>
  auth.type === "none"
    ? `The server answered with ${status}: it wants a credential, and the tool's auth is none.`
    : `The server refuses Dome's credential with ${status}.`;

/** The door refuses such a redirect, too. */
const leadsAway = (location: string, url: string): boolean =>
  rewrittenLocation(location, { url, base: url, door: url }) === null;
