/** A Worker that calls out as Dome does, over the embedded server's networks, and says how it went. */
import { Egress } from "../../src/egress/egress.ts";
import { UpstreamFault, type Fetch } from "../../src/egress/open.ts";
import { systemTimers } from "../../src/kernel/clock.ts";

interface Order {
  readonly url: string;
  readonly method?: string;
  readonly body?: string;
  readonly allowed: readonly string[];
  readonly network?: "EGRESS_PUBLIC" | "EGRESS_LISTED";
  readonly headersMs?: number;
  readonly silenceMs?: number;
  readonly bytes?: number;
  /** `read` until its end, `abort` or `cancel` after the first part, or `stream` it to whoever asked. */
  readonly next?: "read" | "abort" | "cancel" | "stream";
}

interface Networks {
  readonly EGRESS_PUBLIC: Fetcher;
  readonly EGRESS_LISTED: Fetcher;
}

export default {
  fetch: async (http, env) => {
    const order = await http.json<Order>();
    const through =
      (network: Fetcher): Fetch =>
      (url, init) =>
        network.fetch(url, init);
    const stop = new AbortController();
    const egress = new Egress({
      fetch: {
        public: through(env.EGRESS_PUBLIC),
        listed: through(env[order.network ?? "EGRESS_LISTED"]),
      },
      timers: systemTimers,
      allowed: new Set(order.allowed),
    });
    const body = order.body === undefined ? null : new Response(order.body).body;
    const answer = await egress.open(
      {
        method: order.method ?? "GET",
        url: order.url,
        headers: new Headers({ authorization: "Bearer upstream" }),
        body,
        signal: stop.signal,
      },
      {
        headersMs: order.headersMs ?? 60_000,
        silenceMs: order.silenceMs ?? 60_000,
        bytes: order.bytes ?? null,
      },
    );
    if (!answer.ok) return Response.json(answer.error);
    const { status, headers } = answer.value;
    if (order.next === "stream") return new Response(answer.value.body, { status, headers });
    const said = { status, location: headers.get("location") };
    const reader = answer.value.body?.getReader();
    let text = "";
    try {
      for (;;) {
        const part = await reader?.read();
        if (part === undefined || part.done) return Response.json({ ...said, text });
        text += new TextDecoder().decode(part.value);
        if (order.next === "abort") stop.abort();
        if (order.next === "cancel") {
          await reader?.cancel();
          return Response.json({ ...said, text });
        }
      }
    } catch (fault) {
      return Response.json({ ...said, end: fault instanceof UpstreamFault ? fault.end : String(fault) });
    }
  },
} satisfies ExportedHandler<Networks>;
