/** Asks the server behind an HTTP tool for its own URL, to see whether it answers and takes Dome's credential. */
import { ENDED_IN_WORDS, type ServerFault } from "../server-in-words.ts";
import { askedWithin } from "../deadline.ts";
import type { Egress } from "../../egress/egress.ts";
import type { UpstreamLimits } from "../../egress/open.ts";
import type { Timers } from "../../kernel/clock.ts";
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

interface ProbePorts extends ServerCredentialPorts {
  readonly egress: Pick<Egress, "open">;
  readonly timers: Timers;
}

/** @returns the status that the server answers to a GET; its body is not read. */
export const probeServer = (ports: ProbePorts, server: Server): Promise<Result<number, ServerFault>> =>
  askedWithin(ports.timers, PROBE_MS, (signal) => probeWithin(ports, server, signal));

async function probeWithin(
  ports: ProbePorts,
  server: Server,
  signal: AbortSignal,
): Promise<Result<number, ServerFault>> {
  const credential = await serverCredential(ports, server, signal);
  if (!credential.ok) return err(noCredentialInWords(credential.error));
  const { headers } = credential.value;
  const request = { method: "GET", url: server.url, headers, body: null, signal };
  const opened = await ports.egress.open(request, LIMITS);
  if (!opened.ok) {
    const { kind } = opened.error;
    return err(
      kind === "address_refused"
        ? { who: "dome", detail: "Dome does not call the address of the server." }
        : { who: "upstream", detail: ENDED_IN_WORDS[kind] },
    );
  }
  const { status, body } = opened.value;
  await body?.cancel().catch(() => undefined);
  if (status === 401 || status === 403 || status === 407)
    return err({ who: "upstream", detail: `The server refuses Dome's credential with ${status}.` });
  if (status >= 500) return err({ who: "upstream", detail: `The server answered with ${status}.` });
  return ok(status);
}
