/** Messages between isolates and objects: quick or late, lost, doubled, or cut off for a while. */
import type { World } from "./owner-object.ts";

export class Network {
  readonly #world: World;
  readonly #cutUntil = new Map<string, number>();
  readonly #slow = new Map<string, { readonly until: number; readonly ms: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Nothing sent either way between `isolate` and `owner` arrives until real time `until`. */
  cut(isolate: string, owner: string, until: number): void {
    this.#cutUntil.set(`${isolate} ${owner}`, until);
    this.#cutUntil.set(`${owner} ${isolate}`, until);
  }

  /** What `from` sends until real time `until` takes `ms` longer. */
  slowDown(from: string, until: number, ms: number): void {
    this.#slow.set(from, { until, ms });
  }

  /** One message. What is on its way when a link is cut still arrives. */
  send(from: string, to: string, deliver: () => void): void {
    const { timeline, dice, weather, count } = this.#world;
    if ((this.#cutUntil.get(`${from} ${to}`) ?? 0) > timeline.now || dice.chance(weather.lost)) {
      count("messages lost");
      return;
    }
    if (dice.chance(weather.doubled)) {
      count("messages doubled");
      timeline.after(dice.between(1, 3000), deliver);
    }
    const slow = this.#slow.get(from);
    timeline.after(this.#delay() + (slow !== undefined && slow.until > timeline.now ? slow.ms : 0), deliver);
  }

  /** Mostly a few milliseconds; sometimes beyond a renewal's time-out, sometimes beyond a whole stop. */
  #delay(): number {
    const { dice, weather } = this.#world;
    if (!dice.chance(weather.late)) return dice.between(0.5, 15);
    return dice.chance(0.6) ? dice.between(50, 900) : dice.between(900, 5000);
  }
}
