/** The text forms of pools of the catalog. */
import type { Pool } from "../../../contract/catalog.ts";
import { several } from "../../output.ts";
import type { Kind } from "../catalog/read.ts";

export const POOLS: Kind<Pool> = {
  noun: "pools",
  one: "a pool of models",
  example: "premium-reasoning",
  of: (service) => service.pools,
  members: (pool) => [
    ["name", pool.name],
    ["models", pool.models === null ? "any" : several(pool.models)],
    ["description", pool.description],
    ["id", pool.id],
  ],
};
