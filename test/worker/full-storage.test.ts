/**
 * A stop of something whose object has no room left (SQLITE_FULL, at any of its writes): it is told to be asked again,
 * nothing of it has happened, and the same request has its whole effect once there is room (P3, P12).
 */
import { beforeAll, expect, it, vi } from "vitest";
import { bindingsFromWithin } from "../support/faulty-objects.ts";
import { leaveAllRoom, leaveRoom, restingRows } from "../support/full-storage.ts";
import { basic, revoke } from "../support/oauth-doors.ts";
import { workerWith } from "../support/observed-bindings.ts";
import {
  agentObject,
  eventually,
  freshWorkspace,
  ids,
  operator,
  token,
  workspaceObject,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const within = workerWith(bindingsFromWithin());
const asked = operator(undefined, within);
let bot: Registered;
let home: string;
let workspaceId: string;

beforeAll(async () => {
  vi.spyOn(console, "warn").mockReturnValue(undefined); // each refusal is logged
  home = await freshWorkspace();
  bot = await api.start({ name: "bot", workspace: home });
  workspaceId = bot.created.agent.workspace_id;
});

interface Answered {
  readonly status: number;
  readonly headers: Headers;
}

interface Stop {
  readonly object: DurableObjectStub;
  /** Asks for the stop, as the same request each time. */
  readonly send: () => Promise<Answered>;
  /** The record that it leaves, and whose. */
  readonly record: Readonly<Record<string, string>>;
}

let keys = 0;
/** An operator's request that is the same however often it is sent. */
function request(method: string, path: string, body?: object): () => Promise<Answered> {
  const key = `full-${(keys += 1)}`;
  return () => asked.call(method, path, { key, ...(body === undefined ? {} : { body }) });
}

const agentStop = async (command: string, body: object, kind: string): Promise<Stop> => {
  const { id } = await api.start({ name: `agent-${(keys += 1)}`, workspace: home });
  return {
    object: agentObject(id),
    send: request("POST", `/agents/${id}/${command}`, body),
    record: { workspace: home, agent: id, kind },
  };
};

const STOPS: readonly (readonly [string, () => Promise<Stop>])[] = [
  ["a suspension", () => agentStop("suspend", { reason: "drill" }, "agent.suspended")],
  ["a revocation", () => agentStop("revoke", {}, "agent.revoked")],
  ["a drain", () => agentStop("suspend", { drain_seconds: 3_600 }, "agent.draining")],
  ["a stop with all of a family", () => agentStop("suspend", { cascade: true }, "agent.suspended")],
  [
    "the end of a key",
    async () => {
      const { id, key } = await api.start({ name: `agent-${(keys += 1)}`, workspace: home });
      const send = request("DELETE", `/agents/${id}/keys/${key}`);
      return { object: agentObject(id), send, record: { workspace: home, agent: id, kind: "key.revoked" } };
    },
  ],
  [
    "the revocation of a token",
    async () => {
      const { id, secret } = await api.start({ name: `agent-${(keys += 1)}`, workspace: home });
      const held = await token(secret);
      return {
        object: agentObject(id),
        send: () => revoke(basic(id, secret), held, within),
        record: { workspace: home, agent: id, kind: "token.revoked" },
      };
    },
  ],
  [
    "the stop of a user",
    () =>
      Promise.resolve({
        object: workspaceObject(workspaceId),
        send: request("POST", `/workspaces/${home}/users/stop`, { user: `usr_${"a".repeat(26)}` }),
        record: { workspace: home, kind: "user.stopped" },
      }),
  ],
  [
    "the stop of a transaction",
    () =>
      Promise.resolve({
        object: workspaceObject(workspaceId),
        send: request("POST", `/workspaces/${home}/transactions/${ids.next("txn")}/stop`, {}),
        record: { workspace: home, kind: "transaction.stopped" },
      }),
  ],
  [
    "the halt of a workspace",
    async () => {
      const other = await freshWorkspace();
      const { id } = await api.showWorkspace(other);
      return {
        object: workspaceObject(id),
        send: request("POST", `/workspaces/${other}/halt`, {}),
        record: { workspace: other, kind: "workspace.halted" },
      };
    },
  ],
];

it.each(STOPS)(
  "%s without room for one of its writes is to be asked for again, and nothing of it has happened (P3, P12)",
  async (_name, prepared) => {
    const { object, send, record } = await prepared();
    const before = await restingRows(object);
    let tries = 0;
    const tried = async (): Promise<Answered> => {
      await leaveRoom(object, tries);
      const answer = await send();
      await leaveAllRoom(object);
      return answer;
    };
    let answer = await tried();
    for (; answer.status === 503; answer = await tried()) {
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await restingRows(object)).toEqual(before);
      tries += 1;
    }
    expect([200, 202]).toContain(answer.status);
    expect(tries).toBeGreaterThan(1); // it writes, and each of its writes was refused once
    await eventually(async () => expect(await api.audit(record)).toHaveLength(1));
  },
);
