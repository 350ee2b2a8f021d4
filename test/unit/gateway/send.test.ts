/** When a call is sent a second time: a server does not accept the token that Dome got for it. */
import { describe, expect, it } from "vitest";
import { sendWithCredential, type SendPorts, type Sent } from "../../../src/gateway/credential/send.ts";
import type { Permit } from "../../../src/gateway/call-tool.ts";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { systemRandom } from "../../../src/kernel/random.ts";
import { err, ok } from "../../../src/kernel/result.ts";
import { destinationOf, sealSecret } from "../../../src/registry/tool-secrets.ts";
import { asked, calling, CATALOG, REQUEST } from "./calling.fixture.ts";

const KEYS = [{ version: "00000001", envelope: new Uint8Array(32).fill(1) }] as const;
const OPERATION = "GET /tickets/{id}";
const OAUTH = {
  type: "oauth_client_credentials" as const,
  token_url: "https://login.example.com/token",
  client_id: "dome",
  client_auth: "basic" as const,
  scope: null,
  resource: null,
  user: null,
};

async function sending({ isRepeatable = true, auth = OAUTH as typeof OAUTH | { type: "bearer" } } = {}) {
  const world = calling();
  const entry = CATALOG.tools.get("crm");
  if (entry?.upstream == null) throw new Error("the fixture has no such tool");
  const server = { ...entry.upstream, auth };
  const of = { id: "sec_1", toolId: "tol_1" } as const;
  const sealed = await sealSecret(KEYS, "s3cret", of, destinationOf(server), systemRandom);
  const upstream = { ...server, secret: { ...of, sealed } };
  const tool = { ...entry, upstream };
  let tokens = 0;
  const ports: SendPorts = {
    ...world.ports,
    timers: { sleep: () => Promise.reject(new Error("nobody waits here")) },
    background: () => undefined,
    tokens: new BoundedMap(10),
    circuits: new BoundedMap(10),
    derived: KEYS,
    issuer: "https://dome.example",
    signingKeys: { signer: () => Promise.reject(new Error("nothing is signed here")) },
    egress: {
      open: () => {
        tokens += 1;
        const body = utf8(
          JSON.stringify({ access_token: `t${tokens}`, token_type: "bearer", expires_in: 600 }),
        );
        return Promise.resolve(
          ok({
            status: 200,
            headers: new Headers(),
            body: new Response(body).body as ReadableStream<Uint8Array>,
          }),
        );
      },
    },
  };
  const permit = {
    caller: world.caller,
    asked: asked(OPERATION),
    request: REQUEST,
    headers: {},
    tool,
    limits: { maxActSeconds: 60 },
  } as unknown as Permit;
  const { signal } = new AbortController();
  const sent: (string | null)[] = [];
  let dropped = 0;
  const answering = (...statuses: number[]) =>
    sendWithCredential(ports, { permit, upstream, signal, isRepeatable }, ({ headers }: Sent) => {
      sent.push(headers.get("authorization"));
      const status = statuses.shift() ?? 0;
      return Promise.resolve(ok({ status, body: { cancel: async () => void (dropped += 1) } }));
    });
  const failing = () =>
    sendWithCredential(ports, { permit, upstream, signal, isRepeatable }, ({ headers }: Sent) => {
      sent.push(headers.get("authorization"));
      return Promise.resolve(
        sent.length === 1
          ? err({ kind: "credential_refused", status: 401 })
          : ok({ status: 200, body: null }),
      );
    });
  return { answering, failing, sent, dropped: () => dropped };
}

describe("a call that the server answers with 401", () => {
  it("is sent once more with a new token, where it may be repeated", async () => {
    const { answering, sent, dropped } = await sending();
    expect(await answering(401, 200)).toMatchObject({ value: { status: 200 } });
    expect(sent).toEqual(["Bearer t1", "Bearer t2"]);
    expect(dropped()).toBe(1);
  });

  it("is sent no third time", async () => {
    const { answering, sent } = await sending();
    expect(await answering(401, 401, 200)).toMatchObject({ value: { status: 401 } });
    expect(sent).toEqual(["Bearer t1", "Bearer t2"]);
    expect(await answering(200)).toMatchObject({ value: { status: 200 } });
    expect(sent.at(-1)).toBe("Bearer t3");
  });

  it.each([
    ["when it may change something, or has a body that can be sent once only", { isRepeatable: false }],
    ["when the credential is the secret itself", { auth: { type: "bearer" as const } }],
  ])("is not repeated %s", async (_why, options) => {
    const { answering, sent } = await sending(options);
    expect(await answering(401, 200)).toMatchObject({ value: { status: 401 } });
    expect(sent).toHaveLength(1);
  });

  it("of 403 keeps its token: a new one may do no more", async () => {
    const { answering, sent } = await sending();
    expect(await answering(403)).toMatchObject({ value: { status: 403 } });
    await answering(200);
    expect(sent).toEqual(["Bearer t1", "Bearer t1"]);
  });

  it("is repeated when what is asked before the call was refused", async () => {
    const { failing, sent } = await sending();
    expect(await failing()).toMatchObject({ value: { status: 200 } });
    expect(sent).toEqual(["Bearer t1", "Bearer t2"]);
  });
});
