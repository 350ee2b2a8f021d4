/** What is asked of several servers for one caller: a few at a time, and all within one time. */
import { describe, expect, it } from "vitest";
import { NotAwaited } from "../../../../src/gateway/deadline.ts";
import { askServers } from "../../../../src/gateway/mcp/ask-servers.ts";
import { err, ok, type Result } from "../../../../src/kernel/result.ts";
import type { Withheld } from "../../../../src/access/release.ts";
import { ManualTime } from "../../../support/manual-timers.ts";

type Answer = Result<string, Withheld>;

/** Servers that answer when the test says so. */
function asking(servers: readonly string[]) {
  const time = new ManualTime();
  const waiting = new Map<string, { answer(with_: Answer): void; readonly gone: AbortSignal }>();
  const client = new AbortController();
  const answers = askServers(time, servers, {
    ms: 5_000,
    gone: client.signal,
    ask: (server, gone) =>
      new Promise<Answer>((resolve) => {
        waiting.set(server, { answer: resolve, gone });
      }),
    late: (server) => `${server} is late`,
  });
  const settle = async (server: string, answer: Answer = ok(`${server} answers`)): Promise<void> => {
    waiting.get(server)?.answer(answer);
    await time.advance(0);
  };
  return { time, waiting, answers, settle, client };
}

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `s${at}`);

describe("asking several servers", () => {
  it("asks five at a time, and the next as soon as one has answered", async () => {
    const { waiting, settle } = asking(names(7));
    expect([...waiting.keys()]).toEqual(["s0", "s1", "s2", "s3", "s4"]);
    await settle("s3");
    expect([...waiting.keys()].at(-1)).toBe("s5");
    await settle("s5");
    expect([...waiting.keys()].at(-1)).toBe("s6");
  });

  it("answers in the order of the servers, whichever answered first", async () => {
    const { answers, settle } = asking(names(3));
    for (const name of ["s2", "s0", "s1"]) await settle(name);
    expect(await answers).toEqual(ok(["s0 answers", "s1 answers", "s2 answers"]));
  });

  it("waits for none after the time that all have together, and tells those that are still asked", async () => {
    const { time, waiting, answers, settle } = asking(names(7));
    await settle("s0");
    await time.advance(4_999);
    expect(waiting.get("s1")?.gone.aborted).toBe(false);
    await time.advance(1);
    expect(await answers).toEqual(
      ok(["s0 answers", "s1 is late", "s2 is late", "s3 is late", "s4 is late", "s5 is late", "s6 is late"]),
    );
    expect(waiting.get("s1")?.gone.reason).toBeInstanceOf(NotAwaited);
    expect(waiting.has("s6")).toBe(false);
  });

  it("tells the servers when the client has gone", async () => {
    const { waiting, answers, settle, client } = asking(names(1));
    client.abort();
    expect(waiting.get("s0")?.gone.aborted).toBe(true);
    await settle("s0");
    await answers;
  });

  it("gives nothing when one answer is withheld, because the caller was stopped (P3)", async () => {
    const { answers, settle } = asking(names(2));
    const withheld = { kind: "no_lease", of: "agent" } as const;
    await settle("s0", err(withheld));
    await settle("s1");
    expect(await answers).toEqual(err(withheld));
  });

  it("leaves no timer behind", async () => {
    const { time, answers, settle } = asking(names(1));
    await settle("s0");
    await answers;
    expect(time.running).toBe(0);
  });
});
