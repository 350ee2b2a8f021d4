/**
 * What the embedded server gains by a socket of the Worker's own: a trivial route of that server, and the same route behind
 * Miniflare's entry in the laboratory, because the server's own entry serves nothing. The two take turns.
 */
import type { RunningServer } from "../../test/support/server.ts";
import { CONNECTIONS } from "./check-cost.ts";
import type { Lab } from "./lab.ts";
import { Clients } from "./load.ts";
import { floorOf } from "./operator.ts";
import { median, micros, row, type Row } from "./row.ts";

const ROUNDS = 5;
const WARM_UP = 2;
const ROUND_MS = 1_000;

export async function ownSocket({ entry }: Lab, server: RunningServer): Promise<Row> {
  const own = { host: "127.0.0.1", port: server.port };
  const [direct, through] = await Promise.all([
    Clients.open(own, CONNECTIONS),
    Clients.open(entry, CONNECTIONS),
  ]);
  const rounds: { direct: number; through: number }[] = [];
  try {
    for (let i = -WARM_UP; i < ROUNDS; i += 1) {
      const round = {
        direct: await direct.run(floorOf(own), ROUND_MS),
        through: await through.run(floorOf(entry), ROUND_MS),
      };
      if (i >= 0) rounds.push(round);
    }
  } finally {
    direct.close();
    through.close();
  }
  const ratio = median(rounds.map((round) => round.through / round.direct));
  const [fast, slow] = [
    median(rounds.map((round) => round.direct)),
    median(rounds.map((round) => round.through)),
  ];
  return row(
    "floor: the embedded server's own socket against Miniflare's entry",
    ratio,
    "at least",
    1.8,
    `own socket ${micros(fast)}, entry ${micros(slow)}; ${CONNECTIONS} connections, median of ${ROUNDS} rounds`,
  );
}
