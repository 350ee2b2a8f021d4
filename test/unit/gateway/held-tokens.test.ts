/** Tokens for servers behind tools, as an isolate holds them. */
import { describe, expect, it } from "vitest";
import { forgetToken, heldToken, type TokenBook } from "../../../src/gateway/credential/held-tokens.ts";
import type { IssuedToken, TokenFault } from "../../../src/gateway/credential/token-request.ts";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";
import { err, ok, type Result } from "../../../src/kernel/result.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const TEN_MINUTES = 600_000;

function isolate(lifeMs = TEN_MINUTES, takesMs = 100) {
  const time = new ManualTime();
  const tokens: TokenBook = new BoundedMap(10);
  const world = {
    requests: 0,
    answers: [] as (Result<IssuedToken, TokenFault> | Promise<never>)[],
  };
  const ports = { clock: time, timers: time, tokens, background: (work: Promise<unknown>) => void work };
  const request = async (signal: AbortSignal): Promise<Result<IssuedToken, TokenFault>> => {
    world.requests += 1;
    const token = `t${world.requests}`;
    await time.sleep(takesMs);
    if (signal.aborted) return err({ kind: "aborted" });
    return world.answers.shift() ?? ok({ token, lifeMs });
  };
  const get = (signal = new AbortController().signal, key = "k") => heldToken(ports, key, request, signal);
  const settled = async <T>(pending: Promise<T>): Promise<T> => {
    const state = { isDone: false };
    const note = (): void => {
      state.isDone = true;
    };
    pending.then(note, note);
    for (let step = 0; step < 2_000 && !state.isDone; step += 1) await time.advance(25);
    return pending;
  };
  return { time, world, ports, get, settled };
}

describe("a token for a server", () => {
  it("is asked for once by calls that come at once, and held for the next", async () => {
    for (const calls of [1, 16]) {
      const { world, get, settled } = isolate();
      const all = await settled(Promise.all(Array.from({ length: calls }, () => get())));
      expect(new Set(all.map((each) => (each.ok ? each.value : each.error.kind)))).toEqual(new Set(["t1"]));
      expect(await settled(get())).toEqual(ok("t1"));
      expect(world.requests).toBe(1);
    }
  });

  it("is renewed past half of its life behind a call, which does not wait for it", async () => {
    const { time, world, get, settled } = isolate();
    await settled(get());
    await time.advance(TEN_MINUTES / 2 - 1_000);
    expect(await get()).toEqual(ok("t1"));
    expect(world.requests).toBe(1);
    await time.advance(2_000);
    expect(await Promise.all([get(), get(), get()])).toEqual([ok("t1"), ok("t1"), ok("t1")]);
    await time.advance(200);
    expect(await get()).toEqual(ok("t2"));
    expect(world.requests).toBe(2);
  });

  it("is used until its end when it cannot be renewed, and not after it", async () => {
    const { time, world, get, settled } = isolate();
    await settled(get());
    await time.advance(TEN_MINUTES - 10_000);
    world.answers.push(err({ kind: "unreachable" }));
    expect(await get()).toEqual(ok("t1"));
    await time.advance(200);
    expect(await get()).toEqual(ok("t1"));
    world.answers.push(err({ kind: "unreachable" }));
    await time.advance(10_000);
    expect(await settled(get())).toEqual(err({ kind: "unreachable" }));
  });

  it("that is refused is refused to all who wait, by one request, and asked for again a second later", async () => {
    const { time, world, get, settled } = isolate();
    const refused: TokenFault = { kind: "token_refused", status: 401 };
    world.answers.push(err(refused));
    const all = await settled(Promise.all(Array.from({ length: 16 }, () => get())));
    expect(all).toEqual(Array.from({ length: 16 }, () => err(refused)));
    expect(await get()).toEqual(err(refused));
    expect(world.requests).toBe(1);
    await time.advance(1_000);
    expect(await settled(get())).toEqual(ok("t2"));
  });

  it("is asked for by the next call when the one that asked was cut", async () => {
    const { world, get, settled } = isolate();
    const cut = new AbortController();
    const first = get(cut.signal);
    const second = get();
    cut.abort();
    expect(await settled(first)).toEqual(err({ kind: "aborted" }));
    expect(await settled(second)).toEqual(ok("t2"));
    expect(world.requests).toBe(2);
  });

  it("keeps no call waiting that was cut", async () => {
    const { get, settled } = isolate(TEN_MINUTES, 10_000);
    const cut = new AbortController();
    const first = get();
    const waiting = get(cut.signal);
    cut.abort();
    expect(await settled(waiting)).toEqual(err({ kind: "aborted" }));
    await settled(first);
  });

  it("is asked for again when the call that asked has ended unnoticed", async () => {
    const { world, get, settled } = isolate();
    world.answers.push(new Promise<never>(() => undefined));
    get().catch(() => undefined);
    expect(await settled(get())).toEqual(ok("t2"));
    expect(world.requests).toBe(2);
  });

  it("that the server does not accept is forgotten, but not the one that came for it meanwhile", async () => {
    const { world, ports, get, settled } = isolate();
    await settled(get());
    forgetToken(ports, "k", "t1");
    expect(await settled(get())).toEqual(ok("t2"));
    forgetToken(ports, "k", "t1");
    expect(await settled(get())).toEqual(ok("t2"));
    expect(world.requests).toBe(2);
  });

  it("that hardly lives is used by the call that got it, and not held", async () => {
    const { world, get, settled } = isolate(0);
    expect(await settled(get())).toEqual(ok("t1"));
    expect(await settled(get())).toEqual(ok("t2"));
    expect(world.requests).toBe(2);
  });

  it("of another server or user is another one", async () => {
    const { world, get, settled } = isolate();
    const { signal } = new AbortController();
    expect(await settled(get(signal, "a"))).toEqual(ok("t1"));
    expect(await settled(get(signal, "b"))).toEqual(ok("t2"));
    expect(world.requests).toBe(2);
  });
});
