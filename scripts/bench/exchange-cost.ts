/**
 * What a token exchange costs over a trivial route of the same server, as it ships: agent B acts for agent A. Every one
 * of them verifies a token, signs a receipt and a token, and has its record on disk. Nobody has promised a figure.
 */
import type { RunningServer } from "../../test/support/server.ts";
import { CONNECTIONS, overFloor } from "./check-cost.ts";
import { request, type Address } from "./load.ts";
import { Operator, TOOL } from "./operator.ts";
import { information, micros, type Row } from "./row.ts";

const PARAMETERS = {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
  scope: `tool:${TOOL}`,
};

/** Agent B exchanges the token of agent A, who lets it. The tool is in the catalog. */
export async function exchangeOf(address: Address, operator: Operator): Promise<Buffer> {
  const [b] = await operator.makeCallers("exchange-b", 1);
  const [a] = await operator.makeCallers("exchange-a", 1, { delegates_to: [b?.name ?? ""] });
  if (a === undefined || b === undefined) throw new Error("there are no agents to delegate");
  const form = new URLSearchParams({ ...PARAMETERS, subject_token: a.token }).toString();
  return request(address, "POST", "/api/v1/auth/token", { bearer: b.key, form });
}

/** After the cost of a check: it has put the tool into the catalog. */
export async function exchangeCost({ port, adminToken }: RunningServer): Promise<Row> {
  const address = { host: "127.0.0.1", port };
  const exchange = await exchangeOf(address, new Operator(address, adminToken));
  const { ratio, floor, cost } = await overFloor(address, [exchange]);
  const rate = Math.round(1_000_000 / cost);
  return information(
    "token exchange with the durable audit write, of floor",
    ratio,
    `floor ${micros(floor)}, exchange ${micros(cost)} (${rate}/s); ${CONNECTIONS} connections, 2 agents`,
  );
}
