/** The live ledger through the client. */
import { expect, it } from "vitest";
import { ControlPlane } from "../../../src/client/control-plane.ts";
import { FakeService } from "./fake-service.ts";

it("gives up a stream that is silent for three heartbeats: its reader would wait without end, and could reconnect", async () => {
  const waits: number[] = [];
  const silent = new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }), {
    headers: { "content-type": "text/event-stream" },
  });
  const { ports } = new FakeService(() => silent);
  const plane = new ControlPlane({
    ...ports,
    url: "https://dome.example.com",
    token: "dome_ot_x",
    deadline: (ms) => {
      waits.push(ms);
      return AbortSignal.abort();
    },
  });
  await expect(plane.audit.tail().next()).rejects.toThrow("nothing was heard for 45 s");
  expect(waits).toEqual([45_000]);
});
