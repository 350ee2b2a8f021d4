/** Sessions at legacy servers, kept for modern clients. */
import { describe, expect, it } from "vitest";
import type { LegacySession } from "../../../../../src/gateway/mcp/sessions/server-session.ts";
import { SessionBook } from "../../../../../src/gateway/mcp/sessions/session-book.ts";
import { err, ok, type Result } from "../../../../../src/kernel/result.ts";
import { ManualTime } from "../../../../support/manual-timers.ts";

const fail = (fault: unknown): never => {
  throw fault;
};

type Opened = Result<LegacySession, { readonly kind: "unreachable" | "aborted" }>;

const kept = (id: string): LegacySession => ({ id, version: "2025-11-25" });

/** A book whose openings end when the test says so. */
function book(limit = 10) {
  const time = new ManualTime(1_000_000);
  const sessions = new SessionBook(limit);
  const opening: ((opened: Opened) => void)[] = [];
  const signal = new AbortController();
  const ask = (key = "k", stop: AbortSignal = signal.signal) =>
    sessions.session(
      { clock: time, timers: time },
      key,
      () => new Promise<Opened>((resolve) => opening.push(resolve)),
      stop,
    );
  const settle = async (at: number, opened: Opened): Promise<void> => {
    opening[at]?.(opened);
    await time.advance(50);
  };
  return { time, sessions, opening, ask, settle };
}

describe("the session of a caller at a server", () => {
  it("is opened once for two first calls at the same time", async () => {
    const { opening, ask, settle } = book();
    const both = [ask(), ask()];
    await settle(0, ok(kept("one")));
    expect(await Promise.all(both)).toEqual([ok(kept("one")), ok(kept("one"))]);
    expect(opening).toHaveLength(1);
    expect(await ask()).toEqual(ok(kept("one")));
    expect(opening).toHaveLength(1);
  });

  it("is another one under another key", async () => {
    const { opening, ask, settle } = book();
    const mine = ask("mine");
    const theirs = ask("theirs");
    await settle(0, ok(kept("one")));
    await settle(1, ok(kept("two")));
    expect([await mine, await theirs]).toEqual([ok(kept("one")), ok(kept("two"))]);
    expect(opening).toHaveLength(2);
  });

  it("fails for all who waited when its opening fails, and is tried again by the next", async () => {
    const { time, opening, ask, settle } = book();
    const both = [ask(), ask()];
    await time.advance(100);
    await settle(0, err({ kind: "unreachable" }));
    expect(await Promise.all(both)).toEqual([err({ kind: "unreachable" }), err({ kind: "not_opened" })]);
    const next = ask();
    await settle(1, ok(kept("two")));
    expect(await next).toEqual(ok(kept("two")));
    expect(opening).toHaveLength(2);
  });

  it("is opened by a request that waited, when the one that began was stopped", async () => {
    const { time, opening, ask, settle } = book();
    const [first, second] = [ask(), ask()];
    await time.advance(100);
    await settle(0, err({ kind: "aborted" }));
    expect(await first).toEqual(err({ kind: "aborted" }));
    await settle(1, ok(kept("two")));
    expect(await second).toEqual(ok(kept("two")));
    expect(opening).toHaveLength(2);
  });

  it("is opened by a request that waited, when the one that began has ended unnoticed", async () => {
    const { time, opening, ask, settle } = book();
    ask().catch(fail);
    const second = ask();
    await time.advance(30_100);
    expect(opening).toHaveLength(2);
    await settle(1, ok(kept("two")));
    expect(await second).toEqual(ok(kept("two")));
  });

  it("is not waited for by a request that is over", async () => {
    const { time, ask } = book();
    const stop = new AbortController();
    ask().catch(fail);
    const second = ask("k", stop.signal);
    stop.abort();
    await time.advance(50);
    expect(await second).toEqual(err({ kind: "not_opened" }));
  });

  it("is opened again after half an hour without use, and kept while it is used", async () => {
    const { time, opening, ask, settle } = book();
    const first = ask();
    await settle(0, ok(kept("one")));
    await first;
    await time.advance(1_799_000);
    expect(await ask()).toEqual(ok(kept("one")));
    await time.advance(1_799_000);
    expect(await ask()).toEqual(ok(kept("one")));
    await time.advance(1_800_000);
    const again = ask();
    await settle(1, ok(kept("two")));
    expect(await again).toEqual(ok(kept("two")));
    expect(opening).toHaveLength(2);
  });

  it("is forgotten when the server no longer knows it, and one that has taken its place is not", async () => {
    const { sessions, ask, settle } = book();
    const first = ask();
    await settle(0, ok(kept("one")));
    const opened = await first;
    if (!opened.ok) throw new Error("not opened");
    sessions.drop("k", opened.value);
    const second = ask();
    await settle(1, ok(kept("two")));
    await second;
    sessions.drop("k", opened.value);
    expect(await ask()).toEqual(ok(kept("two")));
  });

  it("is one of a bounded number: the least recently used is forgotten", async () => {
    const { opening, ask, settle } = book(2);
    for (const [at, key] of ["a", "b", "c"].entries()) {
      const asked = ask(key);
      await settle(at, ok(kept(key)));
      await asked;
    }
    ask("b").catch(fail);
    expect(opening).toHaveLength(3);
    ask("a").catch(fail);
    expect(opening).toHaveLength(4);
  });

  it("gives each request an id of its own, because several callers' requests run in it at once", () => {
    const { sessions } = book();
    expect([sessions.nextId(), sessions.nextId(), sessions.nextId()]).toEqual([1, 2, 3]);
  });

  it("may be one that was begun elsewhere, where the book has none and is to have none", async () => {
    const { time, sessions, opening, ask, settle } = book();
    sessions.offer({ clock: time }, "k", kept("offered"));
    expect(await ask()).toEqual(ok(kept("offered")));
    sessions.offer({ clock: time }, "k", kept("another"));
    expect(await ask()).toEqual(ok(kept("offered")));
    const asked = ask("o");
    sessions.offer({ clock: time }, "o", kept("too late"));
    await settle(0, ok(kept("opened")));
    expect([await asked, opening.length]).toEqual([ok(kept("opened")), 1]);
  });
});
