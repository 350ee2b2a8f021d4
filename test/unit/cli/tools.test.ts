/** `dome tools` for tools with a server behind them: what is asked of the service, and where secrets come from. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Tool } from "../../../src/contract/catalog.ts";
import { json, refusalOf } from "../client/fake-service.ts";
import { dome, newHome } from "./run-cli.ts";

const SECRET = "s3cret of zendesk";
const tool: Tool = {
  id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a3",
  name: "zendesk",
  workspace_id: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3",
  description: null,
  created_at: "2026-11-28T09:00:00.000Z",
  version: 1,
  kind: "http",
  operations: null,
  clear_arguments: false,
  argument_schemas: null,
  url: "https://acme.zendesk.com/api/v2",
  auth: { type: "bearer" },
  forward_headers: [],
  dome_context: null,
  context_headers: [],
  redact_paths: [],
  redact_patterns: [],
  redact_unreadable: "refuse",
  openapi: null,
  additional_query: false,
  credential: "missing",
  quarantined: 0,
  max_open_calls: 512,
};
const secret = {
  id: "sec_01k9v3m8q2x7n5r4t6w0y1z2a3",
  tool: "zendesk",
  created_at: "2026-11-28T09:00:00.000Z",
  created_by: "ada@example.com",
  in_use: true,
};
const ADD = ["tools", "add", "zendesk", "--kind", "http", "--url", tool.url ?? "", "--auth", "bearer"];

const bodyOf = ({ service }: Awaited<ReturnType<typeof dome>>, at: number): unknown =>
  JSON.parse(service.seen[at]?.body ?? "null");

const OAUTH = [
  "tools",
  "add",
  "zendesk",
  "--kind",
  "http",
  "--url",
  tool.url ?? "",
  "--auth",
  "oauth_client_credentials",
];

describe("dome tools add", () => {
  it("refuses a credential before adding a tool whose server gets none", async () => {
    const add = ["tools", "add", "web", "--kind", "http", "--url", "https://x.example", "--secret-env", "S"];
    for (const auth of [[], ["--auth", "none"]]) {
      const refused = await dome([...add, ...auth], { variables: { S: SECRET } });
      expect(refused).toMatchObject({ exit: 2, requests: [] });
      expect(refused.stderr).toContain(
        "a credential needs --auth: without --auth, Dome sends the server no credential",
      );
    }
  });

  it("sends all that is said of an authorization server, and of users there", async () => {
    const at = ["--token-url", "https://login.example/token", "--client-id", "dome"];
    const more = ["--scope", "read", "--user", "exchange", "--user-audience", "https://login.example"];
    const added = await dome([...OAUTH, ...at, ...more], { replies: [json(201, tool)] });
    expect(bodyOf(added, 0)).toMatchObject({
      auth: {
        type: "oauth_client_credentials",
        token_url: "https://login.example/token",
        client_id: "dome",
        client_auth: "basic",
        scope: "read",
        resource: null,
        user: { grant: "token_exchange", audience: "https://login.example" },
      },
    });
  });

  it("asks the service nothing when an authorization server is named in part", async () => {
    for (const part of [[], ["--token-url", "https://login.example/token"], ["--client-id", "dome"]]) {
      const refused = await dome([...OAUTH, ...part]);
      expect(refused).toMatchObject({ exit: 2, requests: [] });
      expect(refused.stderr).toContain("needs --token-url and --client-id");
    }
  });

  it("names the option at fault in a refusal of an authorization server", async () => {
    const at = ["--token-url", "http://login.example/token", "--client-id", "dome"];
    const refused = await dome([...OAUTH, ...at], {
      replies: [refusalOf(400, "invalid_request", "auth.token_url")],
    });
    expect(refused.stderr).toContain("--token-url");
  });

  it("sends what a call is to say of its context", async () => {
    const context = [
      "--context-audience",
      "urn:acme",
      "--context-header",
      "X-Tenant:required",
      "--context-header",
      "x-case",
    ];
    const added = await dome([...ADD, ...context], { replies: [json(201, tool)] });
    expect(bodyOf(added, 0)).toMatchObject({
      dome_context: { audience: "urn:acme" },
      context_headers: [
        { name: "x-tenant", required: true },
        { name: "x-case", required: false },
      ],
    });
  });

  it("sends what of answers is redacted, and shows it", async () => {
    const redacted = { redact_paths: ["/a/iban", "/**/token"], redact_patterns: ["email", "/x+/"] };
    const options = ["--redact-path", "/a/iban", "--redact-path", "/**/token"];
    const patterns = ["--redact-pattern", "email", "--redact-pattern", "/x+/"];
    const added = await dome([...ADD, ...options, ...patterns], {
      replies: [json(201, { ...tool, ...redacted, redact_unreadable: "pass" })],
    });
    expect(bodyOf(added, 0)).toMatchObject(redacted);
    expect(added.stdout).toMatch(
      /redacts +\/a\/iban, \/\*\*\/token, email, \/x\+\/; what cannot be redacted passes/,
    );
    expect(added.stdout).not.toMatch(/redacts +nothing/);
  });

  it("ends redaction by an option of its own, and refuses the two together", async () => {
    const ended = await dome(["tools", "update", "zendesk", "--no-redaction"], {
      replies: [json(200, tool)],
    });
    expect(bodyOf(ended, 0)).toEqual({ redact_paths: [], redact_patterns: [] });
    expect(ended.stdout).toMatch(/redacts +nothing/);
    const both = await dome(["tools", "update", "zendesk", "--no-redaction", "--redact-path", "/a"]);
    expect([both.exit, both.requests]).toEqual([2, []]);
    const one = await dome(["tools", "update", "zendesk", "--redact-unreadable", "pass"], {
      replies: [json(200, tool)],
    });
    expect(bodyOf(one, 0)).toEqual({ redact_unreadable: "pass" });
  });

  it("sends the secret in a request of its own, and shows that there is one, never which (P4)", async () => {
    const added = await dome([...ADD, "--secret-env", "ZENDESK_TOKEN"], {
      variables: { ZENDESK_TOKEN: SECRET },
      replies: [json(201, tool), json(201, secret), json(200, { ...tool, credential: "kept" })],
    });
    expect(added).toMatchObject({ exit: 0, stderr: "" });
    expect(added.requests).toEqual([
      "POST /api/v1/tools",
      "POST /api/v1/tools/zendesk/secrets",
      "GET /api/v1/tools/zendesk",
    ]);
    expect(bodyOf(added, 0)).toMatchObject({ kind: "http", url: tool.url, auth: { type: "bearer" } });
    expect(bodyOf(added, 1)).toEqual({ value: SECRET });
    expect(added.stdout).toContain("kept, encrypted");
    expect(added.stdout).not.toContain(SECRET);
  });

  it("takes the secret from a file or stdin without its line end", async () => {
    const file = join(newHome(), "secret");
    writeFileSync(file, `${SECRET}\n`);
    const replies = [json(201, secret)];
    const fromFile = await dome(["tools", "add-secret", "zendesk", "--secret-file", file], { replies });
    expect(bodyOf(fromFile, 0)).toEqual({ value: SECRET });
    const fromStdin = await dome(["tools", "add-secret", "zendesk", "--secret-file", "-"], {
      replies,
      stdin: `${SECRET}\r\n`,
    });
    expect(bodyOf(fromStdin, 0)).toEqual({ value: SECRET });
  });

  it.each([
    [["--secret-env", "UNSET"], "there is no credential in the variable UNSET"],
    [["--secret-file", "/nowhere/secret"], "/nowhere/secret cannot be read"],
    [["--secret-env", "A", "--secret-file", "b"], "cannot be used with"],
    [["--token-url", "https://login.example"], "goes with --auth oauth_client_credentials"],
    [["--auth", "digest"], "It must be none, bearer, basic:USER, header:NAME or oauth_client_credentials."],
  ])("asks the service nothing with %j", async (more, said) => {
    const refused = await dome([...ADD, ...more]);
    expect(refused).toMatchObject({ exit: 2, requests: [] });
    expect(refused.stderr).toContain(said);
  });

  it("says that the tool is there when its secret was refused, and what to type next", async () => {
    const added = await dome([...ADD, "--secret-env", "T"], {
      variables: { T: SECRET },
      replies: [json(201, tool), refusalOf(400, "invalid_request", "value")],
    });
    expect(added.exit).toBe(1);
    expect(added.stderr).toContain("the tool zendesk was added, but its credential was not");
    expect(added.stderr).toContain("dome tools add-secret zendesk --secret-file FILE");
    expect(added.stderr).not.toContain(SECRET);
  });
});

describe("--max-open-calls", () => {
  it.each(["0", "513", "8.5", "many"])("takes a whole number from 1 to 512, and not %s", async (value) => {
    const { exit, stderr } = await dome(["tools", "update", "zendesk", "--max-open-calls", value], {
      replies: [],
    });
    expect(exit).toBe(2);
    expect(stderr).toContain("It must be a whole number, 1 to 512.");
  });
});

describe("the OpenAPI document of a tool", () => {
  const refreshed = {
    id: tool.id,
    tool: "zendesk",
    era: null,
    pinned: 1,
    quarantined: [],
    restored: ["GET /back"],
    unusable: [{ name: "GET /x", why: "needs a cookie, which Dome does not forward" }],
  };
  const document = { openapi: "3.1.0", paths: { "/tickets": { get: {} } } };
  const fileOf = (name: string, text: string): string => {
    const file = join(newHome(), name);
    writeFileSync(file, text);
    return file;
  };

  it("in a file, JSON or YAML, is given to the service once the tool is there, and what is left out is said", async () => {
    const files = [
      fileOf("api.json", JSON.stringify(document)),
      fileOf("api.yaml", "openapi: 3.1.0\npaths:\n  /tickets:\n    get: {}\n"),
    ];
    for (const file of files) {
      const replies = [json(201, tool), json(200, refreshed), json(200, { ...tool, openapi: "given" })];
      const added = await dome([...ADD, "--openapi", file], { replies });
      expect(added.exit).toBe(0);
      expect(added.requests).toEqual([
        "POST /api/v1/tools",
        "POST /api/v1/tools/zendesk/refresh",
        "GET /api/v1/tools/zendesk",
      ]);
      expect(bodyOf(added, 0)).toMatchObject({ openapi: "given" });
      expect(bodyOf(added, 1)).toEqual({ document });
      expect(added.stderr).toContain("GET /x cannot be used: it needs a cookie");
      expect(added.stderr).toContain("GET /back is allowed again");
    }
  });

  it("at a URL is read by the service", async () => {
    const url = "https://docs.example.com/openapi.json";
    const replies = [json(201, tool), json(200, refreshed), json(200, { ...tool, openapi: url })];
    const added = await dome([...ADD, "--openapi", url], { replies });
    expect(bodyOf(added, 0)).toMatchObject({ openapi: url });
    expect(bodyOf(added, 1)).toEqual({});
    expect(added.stdout).toContain(url);
  });

  it("that the service does not take leaves the tool, and says what to type next", async () => {
    const replies = [json(201, tool), refusalOf(400, "invalid_request", "document")];
    const added = await dome([...ADD, "--openapi", fileOf("api.json", JSON.stringify(document))], {
      replies,
    });
    expect(added.exit).toBe(1);
    expect(added.stderr).toContain("the tool zendesk was added, but its operations were not");
    expect(added.stderr).toContain("dome tools refresh zendesk --openapi FILE");
  });

  it.each([
    ["https://docs.example.com/a.json", null, "takes a file here"],
    ["/nowhere/a.json", null, "/nowhere/a.json cannot be read"],
    ["list.json", "[]", "is no OpenAPI document"],
    ["twice.json", '{"a":1,"a":2}', "has a member twice"],
    ["bad.yaml", "a: [", "is not YAML that can be used: Flow sequence"],
    ["twice.yaml", "a: 1\na: 2", "is not YAML that can be used: Map keys must be unique at line 2, column 1"],
    ["alias.yml", "a: *b", "is not YAML that can be used: Unresolved alias"],
    ["deep.yml", "[".repeat(100_000), "is not YAML that can be used"],
  ])("is asked for in no other form: %s", async (name, text, said) => {
    const file = text === null ? name : fileOf(name, text);
    const refused = await dome(["tools", "refresh", "zendesk", "--openapi", file]);
    expect(refused).toMatchObject({ exit: 2, requests: [] });
    expect(refused.stderr).toContain(said);
  });
});

describe("what to type next about a tool", () => {
  const WORKSPACE = ["--workspace", "w"];
  it.each([
    [["remove-secret", "web", secret.id], 404, "not_found", "secret", "dome tools secrets web --workspace w"],
    [
      ["refresh", "web"],
      502,
      "upstream_refused",
      "",
      "dome tools add-secret web --secret-file FILE --workspace w",
    ],
    [["refresh", "web"], 502, "upstream_redirect", "", "dome tools update web --url URL --workspace w"],
    [["refresh", "web"], 502, "upstream_failed", "", "dome tools test web --workspace w"],
  ])("after %j, which is answered with %i %s (%s), is %s", async (words, status, code, member, next) => {
    const { stderr } = await dome(["tools", ...words, ...WORKSPACE], {
      replies: Array.from({ length: 3 }, () => refusalOf(status, code, member)),
    });
    expect(stderr).toContain(`\nnext: ${next}\n`);
    expect(stderr).not.toContain("it is not known whether");
  });

  it("names the option that was typed in a refusal of a credential", async () => {
    const file = join(newHome(), "secret");
    writeFileSync(file, SECRET);
    const { stderr } = await dome(["tools", "add-secret", "web", "--secret-file", file], {
      replies: [refusalOf(400, "invalid_request", "value", "must have no line ends")],
    });
    expect(stderr).toContain("--secret-file");
    expect(stderr).not.toContain("--secret-env");
  });
});
