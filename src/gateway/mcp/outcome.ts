/** What the outcome's record says of an exchange: how long it took, how much went each way, who failed. */
import type { ActEnd, Performed } from "../../access/act.ts";
import type { Clock } from "../../kernel/clock.ts";
import { toHex, utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import type { RpcResponse } from "../../mcp/message.ts";
import { actEnd } from "../act-end.ts";
import type { Unanswered } from "../no-answer.ts";
import type { CallFault, NoAnswer } from "../who-failed.ts";

interface Facts {
  /** Of the server's answer, in HTTP. */
  readonly status?: number;
  /** In bytes. */
  readonly received?: number;
  /** How many values of the answer were redacted. */
  readonly redacted?: number;
}

export class McpOutcome {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #sent: number;
  /** Which session at the server. */
  #session: { readonly upstream_session?: string } = {};
  #attempts: number | undefined;

  /** @param sent the size of the request, in bytes. */
  constructor(clock: Clock, sent: number) {
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#sent = sent;
  }

  /**
   * @param id of the session at the server. The record has a digest of it, because the id itself lets its holder in.
   * @param attempts how often the request was sent for one attempt: again in a new session.
   */
  spokeIn(id: string | null, attempts: number): void {
    const digest = id === null ? undefined : toHex(sha256Sync(utf8(id))).slice(0, 16);
    this.#session = defined({ upstream_session: digest });
    if (attempts > 1) this.#attempts = (this.#attempts ?? 1) + attempts - 1;
  }

  /** @param isSent false: something kept the request from the server. */
  attempted(isSent: boolean): void {
    this.#attempts = (this.#attempts ?? 0) + (isSent ? 1 : 0);
  }

  /** The server has answered, whatever it says: an error of the tool is an answer too. */
  answered({ outcome }: RpcResponse, facts: Facts): ActEnd {
    const said =
      "error" in outcome
        ? { rpc_error: outcome.error.code }
        : defined({
            is_error: outcome.result["isError"] === true ? true : undefined,
            asks_input: outcome.result["resultType"] === "input_required" ? true : undefined,
          });
    return this.#end("completed", undefined, { ...facts, ...said });
  }

  /** A stream of the server's has ended, or was never opened, as its era allows. */
  ended(facts: Facts): ActEnd {
    return this.#end("completed", undefined, { ...facts });
  }

  failed(reason: CallFault, facts: Facts = {}): ActEnd {
    return this.#end("failed", reason, { ...facts });
  }

  /** @param retryAfterSeconds when it is worth asking again. */
  none(why: NoAnswer, facts: Facts = {}, retryAfterSeconds?: number): Performed<Unanswered> {
    const value = { kind: "none", why, ...defined({ retryAfterSeconds }) } as const;
    return { value, end: this.failed(why, facts) };
  }

  /** The same body, counted. */
  watching(body: ReadableStream<Uint8Array>): {
    readonly stream: ReadableStream<Uint8Array>;
    bytes(): number;
  } {
    const reader = body.getReader();
    let bytes = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reader.closed.catch((fault: unknown) => controller.error(fault));
        },
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          bytes += value.length;
          controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
    return { stream, bytes: () => bytes };
  }

  #end(outcome: ActEnd["outcome"], reason: CallFault | undefined, data: Record<string, unknown>): ActEnd {
    return actEnd(this.#clock.now() - this.#startedAt, outcome, reason, {
      ...data,
      ...this.#session,
      ...defined({ attempts: this.#attempts }),
      sent: this.#sent,
    });
  }
}
