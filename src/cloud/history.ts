/** The cluster's history, a set of events that is bounded as the kernel's is: docs/protocols/cluster-history.md. */
import { compareEvents, type HistoryEvent } from "../wire/cluster-packet.ts";

/** Events of the kinds 1 and 2, founded and ended; and of the others. */
const MOST = [64, 448] as const;
const ENDED = 2;

const classOf = ({ kind }: HistoryEvent): 0 | 1 => (kind <= ENDED ? 0 : 1);

export class History {
  events: readonly HistoryEvent[] = [];

  /** Takes in what is new; false when nothing is. */
  add(events: readonly HistoryEvent[]): boolean {
    const all = [...this.events];
    for (const event of events) {
      const place = all.findIndex((other) => compareEvents(other, event) >= 0);
      if (place >= 0 && compareEvents(all[place]!, event) === 0) continue;
      all.splice(place < 0 ? all.length : place, 0, event);
      const alike = all.filter((other) => classOf(other) === classOf(event));
      // Of too many the lowest goes, so bounded histories become equal too.
      if (alike.length > MOST[classOf(event)]) all.splice(all.indexOf(alike[0]!), 1);
    }
    if (all.length === this.events.length && all.every((event, index) => event === this.events[index])) return false;
    this.events = all;
    return true;
  }
}
