/** The text forms of integrations of the catalog. */
import type { Integration } from "../../../contract/catalog.ts";
import type { Kind } from "../catalog/read.ts";

export const INTEGRATIONS: Kind<Integration> = {
  noun: "integrations",
  one: "an integration",
  example: "salesforce",
  of: (service) => service.integrations,
  members: (integration) => [
    ["name", integration.name],
    ["description", integration.description],
    ["id", integration.id],
  ],
};
