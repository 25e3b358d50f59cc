/** What colours and marks mean. */

const ENTRIES: readonly (readonly [sign: string, meaning: string])[] = [
  ["dot own", "a frame of the cluster's own protocol"],
  ["dot other", "any other frame: ARP, DHCP, DNS, TCP"],
  ["dot lost", "a frame that is lost"],
  ["lamps-sign", "lamps, from the left: power, processor at work, cable plugged in"],
  ["frame-sign", "the machine that coordinates"],
  ["cable-sign", "a cable that is pulled, or disturbed"],
  ["mark action", "on the bar of time: something was done"],
  ["mark joined", "a machine joined, sees more others, or holds an address"],
  ["mark died", "a machine was missed, or panicked"],
  ["mark differs", "here another future first shows a difference"],
  ["letter", "here another future begins; choose it under Other futures"],
];

export function Legend() {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls where there is little room, so the keyboard must reach it
    <section tabIndex={0} aria-label="Legend">
      <dl class="legend">
        {ENTRIES.map(([sign, meaning]) => (
          <div key={sign}>
            <dt aria-hidden="true">
              {sign === "lamps-sign" ? (
                <>
                  <i class="lamp lit" />
                  <i class="lamp lit" />
                  <i class="lamp lit" />
                </>
              ) : (
                <i class={sign}>{sign === "letter" ? "A" : ""}</i>
              )}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
