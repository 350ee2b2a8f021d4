/** A producer row per isolate does not stay for ever, and no gap is lost by that (P8). */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { LEDGER_STEPS } from "../../src/objects/ledger-schema.ts";
import { LedgerStore } from "../../src/objects/ledger-store.ts";
import { runSchemaSteps } from "../../src/objects/schema-steps.ts";

const OLD = 1_000;
const NEW = 2_000;

it("forgets an isolate that is long gone and of which nothing is missing, and nobody else", async () => {
  await runInDurableObject(env.LEDGER.getByName("producers-test"), (_object, { storage }) => {
    runSchemaSteps(storage, { ledger: LEDGER_STEPS });
    const store = new LedgerStore(storage.sql);
    const whole = { highest: 7, missing: [] };
    const broken = { highest: 7, missing: [{ from: 3, to: 4 }] };
    store.saveNumbers("iso:gone", whole, OLD);
    store.saveNumbers("iso:with-a-gap", broken, OLD);
    store.saveNumbers("iso:alive", whole, NEW);
    store.saveNumbers("agent:agt_1", whole, OLD);
    store.saveNumbers("d1:org", whole, OLD);
    store.forgetProducers(NEW);
    expect(store.numbers("iso:gone").highest).toBe(0);
    for (const kept of ["iso:with-a-gap", "iso:alive", "agent:agt_1", "d1:org"]) {
      expect(store.numbers(kept).highest).toBe(7);
    }
    expect(store.gaps(10).map(({ producer }) => producer)).toEqual(["iso:with-a-gap"]);
  });
});
