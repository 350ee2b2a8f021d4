/** `dome tiers show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { fields } from "../../output.ts";
import type { Session } from "../../session.ts";
import { limits, members } from "./view.ts";

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show a tier",
    examples: ["dome tiers show standard"],
  })
    .argument("<name>", "its name")
    .action(async (name: string) => {
      const tier = await (await session.controlPlane()).tiers.show(name);
      const { output } = session;
      output.show({
        body: tier,
        ids: [tier.name],
        text: () => fields(output.style, [...members(tier), ...limits(tier)]),
      });
    });
