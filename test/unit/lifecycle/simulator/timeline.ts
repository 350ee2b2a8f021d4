/** Real time of the simulated world, in milliseconds, and what happens in it: a queue of events, earliest first. */
interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Timeline {
  #now = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  get now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run);
  }

  /** A time in the past means now. Events of one time run in the order of their planning. */
  at(time: number, run: () => void): void {
    const event = { at: Math.max(time, this.#now), order: this.#order, run };
    this.#order += 1;
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = event;
  }

  /** Runs every event, also those planned on the way. @returns how many there were. */
  play(): number {
    let count = 0;
    for (let event = this.#take(); event !== undefined; event = this.#take()) {
      this.#now = event.at;
      event.run();
      count += 1;
    }
    return count;
  }

  /** Runs the events up to `end`, also those planned on the way, and goes there. @returns how many there were. */
  playUntil(end: number): number {
    let count = 0;
    while ((this.#heap[0]?.at ?? Infinity) <= end) {
      const event = this.#take();
      if (event === undefined) break;
      this.#now = event.at;
      event.run();
      count += 1;
    }
    this.#now = Math.max(this.#now, end);
    return count;
  }

  #take(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    heap[index] = last;
    return first;
  }
}
