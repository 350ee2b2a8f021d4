/** A producer row per isolate does not stay for ever, and no gap is lost by that (P8). */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { LedgerProducers } from "../../src/objects/ledger-producers.ts";
import { LEDGER_STEPS } from "../../src/objects/ledger-schema.ts";
import { runSchemaSteps } from "../../src/objects/schema-steps.ts";

const OLD = 1_000;
const NEW = 2_000;

it("forgets an isolate that is long gone and of which nothing is missing, and nobody else", async () => {
  await runInDurableObject(env.LEDGER.getByName("producers-test"), (_object, { storage }) => {
    runSchemaSteps(storage, { ledger: LEDGER_STEPS });
    const producers = new LedgerProducers(storage.sql);
    const whole = { highest: 7, missing: [] };
    const broken = { highest: 7, missing: [{ from: 3, to: 4 }] };
    producers.save("iso:gone", whole, OLD);
    producers.save("iso:with-a-gap", broken, OLD);
    producers.save("iso:alive", whole, NEW);
    producers.save("agent:agt_1", whole, OLD);
    producers.save("d1:org", whole, OLD);
    producers.forget(NEW);
    expect(producers.numbers("iso:gone").highest).toBe(0);
    for (const kept of ["iso:with-a-gap", "iso:alive", "agent:agt_1", "d1:org"]) {
      expect(producers.numbers(kept).highest).toBe(7);
    }
    expect(producers.gaps(10).map(({ producer }) => producer)).toEqual(["iso:with-a-gap"]);
  });
});
