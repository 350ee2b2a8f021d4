/** The suite of the protocol's authors through the MCP door: what the fixture passes directly, it passes behind Dome. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { runMcpConformance } from "../support/mcp-conformance.ts";
import { openDoor, withCredential } from "../support/mcp-door.ts";
import { serveMcpFixture, type McpFixture } from "../support/mcp-fixture/serve.ts";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";

let fixture: McpFixture;
let server: RunningServer;
beforeAll(async () => {
  fixture = await serveMcpFixture();
  server = await startServer({ args: ["--egress-allow", new URL(fixture.url).origin] });
});
afterAll(async () => {
  await fixture.close();
  await endEverything();
});

describe("the MCP door", () => {
  it("passes all that 2026-07-28 requires, and no scenario differs from the server's own", async () => {
    const direct = await runMcpConformance(fixture.url, "2026-07-28");
    const plane = new ControlPlane({ url: server.url, token: server.adminToken });
    const bare = await withCredential(await openDoor(plane, server.url, fixture.url, "modern"));
    const through = await runMcpConformance(bare.url, "2026-07-28");
    await bare.close();
    expect(through.required.failed).toEqual([]);
    expect(through.required.passed).toHaveLength(37);
    expect(through.checks["http-header-validation"]).toEqual({ passed: 14, failed: 0 });
    expect(through.checks["http-custom-header-server-validation"]).toEqual({ passed: 10, failed: 0 });
    expect(through.checks).toEqual(direct.checks);
  });
});
