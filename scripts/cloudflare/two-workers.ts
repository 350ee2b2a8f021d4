/**
 * wrangler.toml describes one Worker; in an account it becomes two. The door answers requests: it is deployed often, and
 * what computes in it is limited so that its clock cannot fall behind a lease. The objects' Worker has the Durable
 * Objects, the queue consumers and the schedule: deploying it restarts every object, so that happens rarely. Pure.
 */
import { z } from "zod";

/**
 * Milliseconds of CPU time for one event of an object or a consumer, which a big list, a drain or a batch may need. It is
 * the platform's own default, said here because the door's limit must never govern objects: one that goes beyond its
 * limit is reset, and an auditor's query would then cut off the appends beside it.
 */
export const OBJECTS_CPU_MS = 30_000;

const Combined = z.looseObject({
  name: z.string(),
  main: z.literal("src/worker.ts"),
  vars: z.record(z.string(), z.unknown()),
  durable_objects: z.looseObject({
    bindings: z.array(z.looseObject({ name: z.string(), class_name: z.string() })),
  }),
  exports: z.record(z.string(), z.unknown()),
  queues: z.looseObject({ producers: z.array(z.unknown()), consumers: z.array(z.unknown()) }),
  triggers: z.unknown(),
  ratelimits: z.array(z.unknown()),
  limits: z.looseObject({ cpu_ms: z.number() }),
});

export type Configuration = Readonly<Record<string, unknown>>;

export interface TwoWorkers {
  readonly door: Configuration;
  readonly objects: Configuration;
}

/**
 * What is not named here is in both.
 * @param toml wrangler.toml as data.
 * @param objectsWorker the name of the objects' Worker, by which the door finds it.
 * @throws ZodError when wrangler.toml lacks what is split here.
 */
export function twoWorkers(toml: unknown, objectsWorker: string): TwoWorkers {
  const { exports, triggers, ratelimits, ...common } = Combined.parse(toml);
  const { consumers, ...queues } = common.queues;
  const { bindings } = common.durable_objects;
  // Only the door says which version of Dome it is, and only the door counts requests: a new number or another limit
  // alone is no reason to restart the objects.
  const { DOME_VERSION: _version, ...objectsVars } = common.vars;
  return {
    door: {
      ...common,
      main: "src/door-worker.ts",
      durable_objects: { bindings: bindings.map((each) => ({ ...each, script_name: objectsWorker })) },
      queues,
      ratelimits,
    },
    objects: {
      ...common,
      name: objectsWorker,
      main: "src/objects-worker.ts",
      vars: objectsVars,
      exports,
      queues: { ...queues, consumers },
      triggers,
      limits: { ...common.limits, cpu_ms: OBJECTS_CPU_MS },
    },
  };
}
