/**
 * Refuses an option with one value that is given twice. The parser would keep the last value and silently drop the
 * others: `--label a=1 --label b=2` once selected every agent with b=2.
 */
import type { Command } from "commander";
import { takesSeveral } from "./option-values.ts";

/** Makes the parser refuse a second occurrence of every such option of this command, and `--no-x` beside `--x`. */
export function givenOnce(command: Command): void {
  const given = new Map<string, string>();
  for (const option of command.options.filter((each) => !takesSeveral(each))) {
    const { flags } = option;
    const value = option.attributeName();
    command.on(`option:${option.name()}`, () => {
      const before = given.get(value);
      if (before === flags) command.error(`error: option '${flags}' is given twice`);
      if (before !== undefined)
        command.error(`error: option '${flags}' cannot be used with option '${before}'`);
      given.set(value, flags);
    });
  }
}
