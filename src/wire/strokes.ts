/** Messages as a space-time diagram shows them: a stroke from who sent one to who heard it. */

/** A frame that was sent into a cable. */
export interface SentFrame {
  readonly id: number;
  /** Whose cable: a machine's number, or one above the last machine's for the gateway. */
  readonly cable: number;
  /** From the machine into the switch, or out of it. */
  readonly toSwitch: boolean;
  readonly sentNs: number;
  /** Null when it is lost. */
  readonly arrivalNs: number | null;
  readonly bytes: Uint8Array;
  /** The frame into the switch that this one out of it was. */
  readonly cause: number | null;
}

export interface Stroke<Frame extends SentFrame> {
  readonly from: number;
  readonly to: number;
  readonly sentNs: number;
  readonly arrivalNs: number;
  readonly isLost: boolean;
  readonly frame: Frame;
}

/** A frame out of the switch, with the frame into it that it was: one message. */
export function strokesOf<Frame extends SentFrame>(frames: readonly Frame[], fromNs: number): Stroke<Frame>[] {
  const sent = new Map(frames.filter(({ toSwitch }) => toSwitch).map((frame) => [frame.id, frame]));
  return frames.flatMap((frame): Stroke<Frame>[] => {
    if (frame.sentNs < fromNs) return [];
    if (frame.toSwitch)
      return frame.arrivalNs === null
        ? [{ from: frame.cable, to: frame.cable, sentNs: frame.sentNs, arrivalNs: frame.sentNs, isLost: true, frame }]
        : [];
    const origin = frame.cause === null ? undefined : sent.get(frame.cause);
    if (!origin) return [];
    const isLost = frame.arrivalNs === null;
    return [
      {
        from: origin.cable,
        to: frame.cable,
        sentNs: origin.sentNs,
        arrivalNs: frame.arrivalNs ?? frame.sentNs,
        isLost,
        frame,
      },
    ];
  });
}
