/**
 * The disk of the embedded server is full: nothing can be promised then, not even a stop, because nothing can be written
 * down. Everybody is told to ask again, and what was asked for happens once there is room. The disk is one in memory,
 * which only root may mount, in a name space of its own.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { freePort, endEverything, temporaryFolder } from "../support/server.ts";

const MOUNT = 'mount -t tmpfs -o size="$SIZE" none "$DISK"';
/** Starts the server on a small disk, and fills and frees it when told. It ends with its standard input. */
const SCRIPT = `${MOUNT} || exit 1
node dist/embedded/dome-server.js --state "$DISK/state" --port "$PORT" </dev/null &
while read -r command; do
  case $command in
    fill) dd if=/dev/zero of="$DISK/filler" bs=4k 2>/dev/null ;;
    free) rm "$DISK/filler" ;;
    token) cat "$DISK/state/admin.token" ;;
  esac
  echo "done $command"
done
kill %1; wait`;

const environmentOf = (disk: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`,
  HOME: disk,
  XDG_CONFIG_HOME: join(disk, ".config"),
  DISK: disk,
  SIZE: "60m",
  ...more,
});

const disk = temporaryFolder();
const canMount =
  spawnSync("unshare", ["--mount", "--map-root-user", "sh", "-c", MOUNT], { env: environmentOf(disk) })
    .status === 0;

let script: ChildProcess;
let url: string;
let lines: AsyncIterator<string>;

beforeAll(async () => {
  if (!canMount) return;
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  script = spawn("unshare", ["--mount", "--map-root-user", "bash", "-c", SCRIPT], {
    env: environmentOf(disk, { PORT: String(port) }),
    stdio: ["pipe", "pipe", "ignore"],
  });
  if (script.stdout === null) throw new Error("no output");
  lines = createInterface({ input: script.stdout })[Symbol.asyncIterator]();
  await until(`Dome is ready at ${url}`);
});

afterAll(async () => {
  if (canMount) {
    script.stdin?.end();
    await once(script, "close");
  }
  await endEverything();
});

/** Reads on to this line. @returns the line before it. */
async function until(line: string): Promise<string> {
  for (let before = ""; ;) {
    const next = await lines.next();
    if (next.done === true) throw new Error(`the server ended before: ${line}`);
    if (next.value === line) return before;
    before = next.value;
  }
}

async function tell(command: "fill" | "free" | "token"): Promise<string> {
  script.stdin?.write(`${command}\n`);
  return until(`done ${command}`);
}

it.runIf(canMount)(
  "answers every stop on a full disk with 'ask again', does nothing of it, and does it once there is room (P3, P12)",
  async () => {
    const adminToken = await tell("token");
    const plane = new ControlPlane({ url, token: adminToken, retries: 0 });
    const register = async (name: string) => {
      const { agent, api_key: key } = await plane.agents.register({ name });
      await plane.agents.activate({ agent: agent.id });
      return { id: agent.id, key: key.id, secret: key.secret ?? "" };
    };
    const [one, two, three] = [await register("one"), await register("two"), await register("three")];
    const { id: home } = await plane.workspaces.show("default");
    const stops = [
      ["POST", `/agents/${one.id}/suspend`],
      ["POST", "/agents/one/suspend"],
      ["POST", `/agents/${two.id}/revoke`],
      ["DELETE", `/agents/${three.id}/keys/${three.key}`],
      ["POST", `/workspaces/${home}/halt`],
    ] as const;
    const stop = async (method: string, path: string) => {
      const { status, headers } = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          "content-type": "application/json",
          "idempotency-key": path.replaceAll("/", "-"),
        },
        ...(method === "POST" ? { body: JSON.stringify({ reason: "drill" }) } : {}),
      });
      return { path, status, waits: headers.has("retry-after") };
    };

    await tell("fill");
    for (const [method, path] of [...stops, ...stops]) {
      expect(await stop(method, path)).toEqual({ path, status: 503, waits: true });
    }
    const asked = await fetch(`${url}/api/v1/check`, {
      method: "POST",
      headers: { authorization: `Bearer ${one.secret}`, "content-type": "application/json" },
      body: JSON.stringify({ tool: "crm" }),
    });
    expect(asked.status).toBe(503); // nothing is decided of which no record can be kept (P8)

    await tell("free");
    expect((await plane.agents.show({ agent: one.id })).state).toBe("active");
    expect((await plane.agents.show({ agent: two.id })).state).toBe("active");
    for (const [method, path] of stops) {
      expect([200, 202]).toContain((await stop(method, path)).status);
    }
    expect((await plane.agents.show({ agent: one.id })).state).toBe("suspended");
    expect((await plane.agents.show({ agent: two.id })).state).toBe("revoked");
    const recorded = async (): Promise<Readonly<Record<string, number>>> => {
      const kinds: Record<string, number> = {};
      for await (const { kind } of plane.audit.list({ readings: true, order: "oldest", limit: 200 })) {
        kinds[kind] = (kinds[kind] ?? 0) + 1;
      }
      return kinds;
    };
    await expect
      .poll(recorded, { timeout: 10_000 })
      .toMatchObject({ "agent.suspended": 1, "agent.revoked": 1, "key.revoked": 1, "workspace.halted": 1 });
  },
);
