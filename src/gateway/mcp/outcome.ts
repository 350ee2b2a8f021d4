/** What the outcome's record says of an exchange: how long it took, how much went each way, who failed. */
import type { ActEnd, Performed } from "../../access/act.ts";
import type { Clock } from "../../kernel/clock.ts";
import { toHex, utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import type { RpcResponse } from "../../mcp/message.ts";
import { actEnd } from "../act-end.ts";
import { Tally, tallied, type Tallied } from "../tally.ts";
import type { Unanswered } from "../no-answer.ts";
import { named, type CallFault, type NoAnswer } from "../who-failed.ts";

interface Facts {
  /** Of the server's answer, in HTTP. */
  readonly status?: number;
  /** In bytes. */
  readonly received?: number;
  /** How many values of the answer were redacted. */
  readonly redacted?: number;
  readonly received_sha256?: string;
}

/** What has come of an answer. */
export type Received = Required<Pick<Facts, "received" | "received_sha256">>;

export const receivedOf = ({ bytes, sha256 }: Tallied): Received => ({
  received: bytes,
  received_sha256: sha256,
});

export class McpOutcome {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #sent: Uint8Array;
  readonly #auth: string | undefined;
  /** Which session at the server. */
  #session: { readonly upstream_session?: string } = {};
  /** How often the request was sent to the server. */
  #attempts = 0;

  /**
   * @param sent the message as it came from the client; empty: there is none.
   * @param auth of the tool's entry.
   */
  constructor(clock: Clock, sent: string, auth: string | undefined) {
    this.#auth = auth;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#sent = utf8(sent);
  }

  /**
   * @param id of the session at the server. The record has a digest of it, because the id itself lets its holder in.
   * @param again how often the request was sent once more within one exchange.
   */
  spokeIn(id: string | null, again = 0): void {
    const digest = id === null ? undefined : toHex(sha256Sync(utf8(id))).slice(0, 16);
    this.#session = defined({ upstream_session: digest });
    this.#attempts += again;
  }

  /** @param isSent false: something kept the request from the server. */
  attempted(isSent: boolean): void {
    if (isSent) this.#attempts += 1;
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
    return this.#end("failed", named(reason, this.#auth), { ...facts });
  }

  /** @param retryAfterSeconds when it is worth asking again. */
  none(why: NoAnswer, facts: Facts = {}, retryAfterSeconds?: number): Performed<Unanswered> {
    const said = named(why, this.#auth);
    const value = { kind: "none", why: said, ...defined({ retryAfterSeconds }) } as const;
    return { value, end: this.failed(why, facts) };
  }

  /** The same body, counted. `received` is asked at its end. */
  watching(body: ReadableStream<Uint8Array>): {
    readonly stream: ReadableStream<Uint8Array>;
    received(): Received;
  } {
    const reader = body.getReader();
    const tally = new Tally();
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reader.closed.catch((fault: unknown) => controller.error(fault));
        },
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          tally.add(value);
          controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
    return { stream, received: () => receivedOf(tally.end()) };
  }

  #end(outcome: ActEnd["outcome"], reason: CallFault | undefined, data: Record<string, unknown>): ActEnd {
    // With the digest of a whole text, whoever knows its rest could find by trial what was redacted in it.
    const { received_sha256, ...known } = data;
    const isRedacted = data["redacted"] !== undefined;
    const sent = tallied(this.#sent);
    return actEnd(this.#clock.now() - this.#startedAt, outcome, reason, {
      ...known,
      ...this.#session,
      attempts: this.#attempts,
      sent: sent.bytes,
      ...defined({
        received_sha256: isRedacted ? undefined : received_sha256,
        sent_sha256: sent.bytes > 0 ? sent.sha256 : undefined,
      }),
    });
  }
}
