/** Asks the server behind an HTTP tool for its own URL, to see whether it answers and takes Dome's credential. */
import type { Egress } from "../../egress/egress.ts";
import type { UpstreamEnd, UpstreamLimits } from "../../egress/open.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import {
  serverCredential,
  type Server,
  type ServerCredentialPorts,
} from "../credential/server-credential.ts";

const LIMITS: UpstreamLimits = { headersMs: 15_000, silenceMs: 15_000, bytes: null };

/** `dome`: before anything was sent; `upstream`: the server, or the way there. */
export interface ProbeFault {
  readonly who: "dome" | "upstream";
  /** In words without secrets. */
  readonly detail: string;
}

interface ProbePorts extends ServerCredentialPorts {
  readonly egress: Pick<Egress, "open">;
}

/** @returns the status that the server answers to a GET; its body is not read. */
export async function probeServer(ports: ProbePorts, server: Server): Promise<Result<number, ProbeFault>> {
  const credential = await serverCredential(ports, server);
  if (!credential.ok) {
    return err({ who: "dome", detail: "Dome has no credential for the server that it can open." });
  }
  const request = { method: "GET", url: server.url, headers: credential.value, body: null };
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
