/** The two Workers of production together are the one of wrangler.toml, which the tests and `npm run dev` run. */
import { describe, expect, it } from "vitest";
import { OBJECTS_CPU_MS, twoWorkers } from "../../../scripts/cloudflare/two-workers.ts";
import { readWranglerToml } from "../../../scripts/cloudflare/wrangler.ts";

type Members = Readonly<Record<string, unknown>>;

const combined = (await readWranglerToml("wrangler.toml")) as Members;
const { door, objects } = twoWorkers(combined, "dome-objects") as { door: Members; objects: Members };

/** Members that are not the same in all three; each is looked at below. */
const DIFFER = [
  "name",
  "main",
  "vars",
  "durable_objects",
  "exports",
  "queues",
  "triggers",
  "limits",
  "ratelimits",
];
const shared = (configuration: Members): Members =>
  Object.fromEntries(Object.entries(configuration).filter(([name]) => !DIFFER.includes(name)));

describe("the two Workers of production", () => {
  it("have everything of wrangler.toml that is not divided between them, so that no binding is forgotten", () => {
    expect(shared(door)).toEqual(shared(combined));
    expect(shared(objects)).toEqual(shared(combined));
  });

  it("answer under the names of the installation, from the halves of src/worker.ts", () => {
    expect([door["name"], door["main"]]).toEqual(["dome", "src/door-worker.ts"]);
    expect([objects["name"], objects["main"]]).toEqual(["dome-objects", "src/objects-worker.ts"]);
  });

  it("have the classes in one of them, and find them there from the other", () => {
    const { bindings } = combined["durable_objects"] as { bindings: Members[] };
    expect(objects["durable_objects"]).toEqual({ bindings });
    expect(objects["exports"]).toEqual(combined["exports"]);
    expect(door["durable_objects"]).toEqual({
      bindings: bindings.map((binding) => ({ ...binding, script_name: "dome-objects" })),
    });
    expect(door).not.toHaveProperty("exports");
  });

  it("consume the queues and run the schedule in one place, beside the objects", () => {
    const { producers } = combined["queues"] as { producers: unknown };
    expect(objects["queues"]).toEqual(combined["queues"]);
    expect(objects["triggers"]).toEqual(combined["triggers"]);
    expect(door["queues"]).toEqual({ producers });
    expect(door).not.toHaveProperty("triggers");
  });

  it("bring evidence again a hundred times, which takes days, before it is a dead letter (P8)", () => {
    const { consumers } = objects["queues"] as { consumers: Members[] };
    expect(consumers.map(({ queue, max_retries }) => [queue, max_retries])).toEqual([
      ["dome-audit", 100],
      ["dome-audit-dlq", 100],
    ]);
  });

  it("call a host of their own zone through its front door, and never past its access rules", () => {
    for (const { compatibility_flags: flags } of [door, objects])
      expect(flags).toContain("global_fetch_strictly_public");
  });

  it("hear when a client has gone, which is how an MCP client cancels", () => {
    expect(door["compatibility_flags"]).toContain("enable_request_signal");
  });

  it("count requests at the door alone, so that another rate limit restarts no object", () => {
    expect(combined["ratelimits"]).toHaveLength(7);
    expect(door["ratelimits"]).toEqual(combined["ratelimits"]);
    expect(objects).not.toHaveProperty("ratelimits");
  });

  it("limit the door's computing to what a lease allows, and the objects' to what a long list takes", () => {
    expect(door["limits"]).toEqual({ cpu_ms: 300 });
    expect(objects["limits"]).toEqual({ cpu_ms: OBJECTS_CPU_MS });
    expect(OBJECTS_CPU_MS).toBe(30_000);
  });

  it("have the same variables, but for the version: a new number alone restarts no object", () => {
    const { DOME_VERSION: _version, ...vars } = combined["vars"] as Members;
    expect(door["vars"]).toEqual(combined["vars"]);
    expect(objects["vars"]).toEqual(vars);
  });
});
