/** What the tool doors are tested against speaks the protocol as its authors' suite wants it, in both eras. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runMcpConformance } from "../support/mcp-conformance.ts";
import { serveMcpFixture, type McpFixture } from "../support/mcp-fixture/serve.ts";

let fixture: McpFixture;
beforeAll(async () => {
  fixture = await serveMcpFixture();
});
afterAll(() => fixture.close());

describe("the MCP fixture", () => {
  it("passes all that 2026-07-28 requires, and the two unscored scenarios about headers, so that no difference at the door is the fixture's", async () => {
    const { required, checks } = await runMcpConformance(fixture.url, "2026-07-28");
    expect(required.failed).toEqual([]);
    expect(required.passed).toHaveLength(37);
    expect(checks["http-header-validation"]).toEqual({ passed: 14, failed: 0 });
    expect(checks["http-custom-header-server-validation"]).toEqual({ passed: 10, failed: 0 });
  });

  it("passes all that 2025-11-25 requires, on the same URL", async () => {
    const { required } = await runMcpConformance(fixture.url, "2025-11-25");
    expect(required.failed).toEqual([]);
    expect(required.passed).toHaveLength(30);
  });

  it("shows a server that is not there as failed, though many checks pass on silence", async () => {
    const gone = await serveMcpFixture();
    await gone.close();
    const { required } = await runMcpConformance(gone.url, "2025-11-25");
    expect(required.passed).not.toHaveLength(30);
  });
});
