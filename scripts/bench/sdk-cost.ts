/**
 * What each SDK adds to a check, compared with the same request from the platform's own HTTP client (`fetch`, httpx) with
 * an existing token. The two take turns, one request at a time, so that other load on the machine affects both.
 */
import { DomeClient } from "../../sdk/typescript/src/dome.ts";
import type { RunningServer } from "../../test/support/server.ts";
import { OPERATION, Operator } from "./operator.ts";
import { startPythonSdk } from "./python-sdk.ts";
import { information, median, micros, type Row } from "./row.ts";

const ROUNDS = 300;
const WARM_UP = 30;

/** Microseconds of each check. */
interface Times {
  readonly sdk: number[];
  readonly bare: number[];
}

export async function sdkCost(server: RunningServer): Promise<Row[]> {
  const operator = new Operator({ host: "127.0.0.1", port: server.port }, server.adminToken);
  const [first, second] = await operator.makeCallers("sdk-cost", 2);
  if (first === undefined || second === undefined) throw new Error("no callers");
  const python = startPythonSdk(server, second);
  try {
    python.order(`checks ${ROUNDS}`);
    return [
      overBare("Python", "httpx request", await python.answer<Times>()),
      overBare("TypeScript", "fetch", await checks(server, first.key)),
    ];
  } finally {
    await python.end();
  }
}

function overBare(language: string, bare: string, times: Times): Row {
  const [sdk, alone] = [median(times.sdk), median(times.bare)];
  const measured = `check ${micros(sdk)}, bare ${micros(alone)}; medians of ${times.sdk.length} in turns`;
  return information(`check by the ${language} SDK, of a bare ${bare}`, sdk / alone, measured);
}

async function checks(server: RunningServer, token: string): Promise<Times> {
  const client = new DomeClient({ baseUrl: server.url, token });
  const headers = { Authorization: `Bearer ${await client.token()}`, "Content-Type": "application/json" };
  const question = { method: "POST", headers, body: JSON.stringify({ tool: OPERATION }) };
  const times: Times = { sdk: [], bare: [] };
  for (let turn = -WARM_UP; turn < ROUNDS; turn += 1) {
    const start = performance.now();
    const { allowed } = await client.check({ tool: OPERATION });
    const middle = performance.now();
    const answer = await fetch(`${server.url}/api/v1/check`, question);
    const { decision } = (await answer.json()) as { decision: string };
    const end = performance.now();
    if (!allowed || decision !== "allow") throw new Error("a check was not allowed");
    if (turn < 0) continue;
    times.sdk.push((middle - start) * 1_000);
    times.bare.push((end - middle) * 1_000);
  }
  await client.close();
  return times;
}
