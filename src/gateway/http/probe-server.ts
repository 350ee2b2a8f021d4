/** Asks the server behind an HTTP tool for its own URL, to see whether it answers and takes Dome's credential. */
import type { Egress } from "../../egress/egress.ts";
import type { UpstreamEnd, UpstreamLimits } from "../../egress/open.ts";
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

/** `dome`: before anything was sent; `upstream`: the server, or the way there. */
interface ProbeFault {
  readonly who: "dome" | "upstream";
  /** In words without secrets. */
  readonly detail: string;
}

interface ProbePorts extends ServerCredentialPorts {
  readonly egress: Pick<Egress, "open">;
  readonly timers: Timers;
}

/** @returns the status that the server answers to a GET; its body is not read. */
export async function probeServer(ports: ProbePorts, server: Server): Promise<Result<number, ProbeFault>> {
  const stop = new AbortController();
  const late = (): void => stop.abort();
  ports.timers.sleep(PROBE_MS).then(late, late);
  const credential = await serverCredential(ports, server, stop.signal);
  if (!credential.ok) {
    const who = credential.error.kind === "credential_missing" ? "dome" : "upstream";
    return err({ who, detail: noCredentialInWords(credential.error) });
  }
  const { headers } = credential.value;
  const request = { method: "GET", url: server.url, headers, body: null, signal: stop.signal };
  const opened = await ports.egress.open(request, LIMITS);
  if (!opened.ok) {
    const { kind } = opened.error;
    return err(
      kind === "address_refused"
        ? { who: "dome", detail: "Dome does not call the address of the server." }
        : { who: "upstream", detail: ENDED[kind] },
    );
  }
  const { status, body } = opened.value;
  await body?.cancel().catch(() => undefined);
  if (status === 401 || status === 403 || status === 407)
    return err({ who: "upstream", detail: `The server refuses Dome's credential with ${status}.` });
  if (status >= 500) return err({ who: "upstream", detail: `The server answered with ${status}.` });
  return ok(status);
}

const ENDED: Readonly<Record<UpstreamEnd, string>> = {
  unreachable: "The server could not be reached.",
  timed_out: "The server did not answer in time.",
  aborted: "The server did not answer in time.",
  too_large: "The answer of the server is too large.",
};
