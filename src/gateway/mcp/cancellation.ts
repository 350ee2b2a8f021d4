/**
 * Tells a legacy server that nobody waits for its answer any more: the client has gone, the right to act has ended, or
 * the time is over. The end of a connection says nothing in this era, and a tool would run on (2025-11-25,
 * "Cancellation").
 */
import { UpstreamFault, type UpstreamEnd } from "../../egress/open.ts";
import { CallCancelled } from "../deadline.ts";
import type { RequestId } from "../../mcp/json-members.ts";
import type { ExchangePorts, McpServerAt } from "./own-exchange.ts";
import { cancelRequest, type LegacySession } from "./sessions/server-session.ts";

export interface CancellationPorts extends ExchangePorts {
  /** Lets work continue after the answer. */
  background(work: Promise<unknown>): void;
}

export class Cancellation {
  readonly #tell: () => void;
  #isOver = false;

  /**
   * @param server its signal ends the request, and cancels it at the server.
   * @param isOwn the session is the client's own, in which the server hears from the client itself that it cancels.
   */
  constructor(
    ports: CancellationPorts,
    server: McpServerAt,
    session: LegacySession,
    { id, isOwn }: { readonly id: RequestId; readonly isOwn: boolean },
  ) {
    this.#tell = () => {
      if (this.#isOver) return;
      this.#isOver = true;
      // Without a session the id may be that of another agent's request, too (P11).
      if (session.id === null) return;
      if (isOwn && server.signal.reason instanceof CallCancelled) return;
      // Not under the signal that has ended the request.
      const still = { ...server, signal: new AbortController().signal };
      ports.background(cancelRequest(ports, still, session, id, "The answer is not awaited any more."));
    };
    server.signal.addEventListener("abort", this.#tell, { once: true });
  }

  /** The server has answered, or does not know the request: there is nothing to cancel. */
  callOff(): void {
    this.#isOver = true;
  }

  /** A server that is lost, or was never asked, hears nothing; any other may still be at work. */
  ended(end: UpstreamEnd | "address_refused" | "circuit_open"): void {
    if (end === "unreachable" || end === "address_refused" || end === "circuit_open") this.callOff();
    else this.#tell();
  }

  /** The same body, whose reader may leave before the answer. */
  watching(body: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> | null {
    if (body === null) return null;
    const reader = body.getReader();
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          // Also while nobody reads: a request that was stopped ends now.
          reader.closed.catch((fault: unknown) => {
            if (fault instanceof UpstreamFault) this.ended(fault.end);
            controller.error(fault);
          });
        },
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: async (reason) => {
          this.#tell();
          await reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }
}
